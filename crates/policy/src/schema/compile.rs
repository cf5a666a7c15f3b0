//! Document to parts. A part is compiled once, however many references lead to it.

use std::collections::HashMap;

use interlock_json::{Decimal, Kind, NodeId, Value};

use super::keywords::Dialect;
use super::node::{
    ArrayRules, Conditional, Contains, Index, Node, NumberRules, ObjectRules, TextRules, Types, Values,
};
use super::pattern::{Pattern, Room};
use super::references::References;
use super::{MOST_PARTS, Schema, SchemaError, identity};
use crate::condition::kind_words;
use crate::describe::quoted;

/// Values of an `enum` that are kept for messages.
const MOST_SHOWN: usize = 9;
/// Texts of an `enum` that are kept for finding what a policy names and the server does not have.
const MOST_TEXTS: usize = 1_000;

pub(super) fn compile(root: Value<'_>) -> Result<Schema, SchemaError> {
    let dialect = Dialect::of(root)?;
    let mut compiler = Compiler {
        dialect,
        references: References::new(root, dialect),
        known: HashMap::new(),
        waiting: Vec::new(),
        room: Room::default(),
    };
    compiler.index(root)?;
    let mut parts = Vec::new();
    // References lead anywhere, so parts wait in a list: a chain of them takes no stack.
    while let Some(schema) = compiler.waiting.get(parts.len()).copied() {
        let part = compiler.part(schema)?;
        parts.push(part);
    }
    Ok(Schema { parts })
}

struct Compiler<'d> {
    dialect: Dialect,
    references: References<'d>,
    known: HashMap<NodeId, Index>,
    /// Every part, in the order of their indexes.
    waiting: Vec<Value<'d>>,
    room: Room,
}

const fn bad(keyword: &'static str, wanted: &'static str) -> SchemaError {
    SchemaError::Keyword { keyword, wanted }
}

const SCHEMA: &str = "a schema";
const SCHEMAS: &str = "a list of schemas";

impl<'d> Compiler<'d> {
    fn index(&mut self, schema: Value<'d>) -> Result<Index, SchemaError> {
        if let Some(index) = self.known.get(&schema.id()) {
            return Ok(*index);
        }
        let index = self.waiting.len();
        if index >= MOST_PARTS {
            return Err(SchemaError::TooManyParts);
        }
        self.waiting.push(schema);
        self.known.insert(schema.id(), index);
        Ok(index)
    }

    fn part(&mut self, schema: Value<'d>) -> Result<Node, SchemaError> {
        let mut node = Node::default();
        match schema.kind() {
            Kind::Bool => {
                node.never = schema.as_bool() == Some(false);
                return Ok(node);
            }
            Kind::Object => {}
            _ => return Err(bad("$ref", "a reference to a schema")),
        }
        self.references(schema, &mut node)?;
        // Up to draft-07, nothing beside a reference counts.
        if self.dialect <= Dialect::Draft7 && schema.get("$ref").is_some() {
            return Ok(node);
        }
        node.types = schema.get("type").map(types).transpose()?;
        self.values(schema, &mut node)?;
        self.number(schema, &mut node)?;
        self.text(schema, &mut node)?;
        self.array(schema, &mut node)?;
        self.object(schema, &mut node)?;
        self.combinations(schema, &mut node)?;
        Ok(node)
    }

    fn references(&mut self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        let dialect = self.dialect;
        let dynamic = [("$dynamicRef", Dialect::Draft2020), ("$recursiveRef", Dialect::Draft2019)];
        let dynamic = dynamic.into_iter().filter(|(_, newest)| *newest == dialect);
        let keywords = dynamic.map(|(keyword, _)| keyword).chain(["$ref"]);
        for keyword in keywords {
            let Some(reference) = schema.get(keyword) else { continue };
            let reference = reference.as_str().ok_or(bad("$ref", "text"))?;
            // Within one resource the outermost target is the only one.
            if keyword != "$ref" && !self.references.is_one_resource() {
                return Err(SchemaError::DynamicReference(keyword));
            }
            let target = self.references.resolve(schema, &reference)?;
            let index = self.index(target)?;
            node.all.push(index);
        }
        Ok(())
    }

    fn values(&self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        if let Some(listed) = schema.get("enum") {
            if listed.kind() != Kind::Array {
                return Err(bad("enum", "a list of values"));
            }
            node.values.push(values(listed.items())?);
        }
        if let Some(constant) = schema.get("const").filter(|_| self.dialect >= Dialect::Draft6) {
            node.values.push(values([constant].into_iter())?);
        }
        Ok(())
    }

    fn number(&self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        let mut rules = NumberRules {
            minimum: number(schema, "minimum")?,
            maximum: number(schema, "maximum")?,
            multiple_of: number(schema, "multipleOf")?,
            ..NumberRules::default()
        };
        if rules.multiple_of.is_some_and(|step| step.is_zero() || step.is_negative()) {
            return Err(bad("multipleOf", "a number above 0"));
        }
        if self.dialect == Dialect::Draft4 {
            if flag(schema, "exclusiveMinimum")? {
                rules.above = rules.minimum.take();
            }
            if flag(schema, "exclusiveMaximum")? {
                rules.below = rules.maximum.take();
            }
        } else {
            rules.above = number(schema, "exclusiveMinimum")?;
            rules.below = number(schema, "exclusiveMaximum")?;
        }
        let bounds = [rules.minimum, rules.above, rules.maximum, rules.below, rules.multiple_of];
        node.number = bounds.iter().any(Option::is_some).then(|| Box::new(rules));
        Ok(())
    }

    fn text(&mut self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        let pattern = schema.get("pattern").map(|pattern| self.pattern(pattern.as_str().as_deref()));
        let rules = TextRules {
            shortest: count(schema, "minLength")?,
            longest: count(schema, "maxLength")?,
            pattern: pattern.transpose()?,
        };
        let any = rules.shortest.is_some() || rules.longest.is_some() || rules.pattern.is_some();
        node.text = any.then(|| Box::new(rules));
        Ok(())
    }

    fn pattern(&mut self, pattern: Option<&str>) -> Result<Pattern, SchemaError> {
        Pattern::new(pattern.ok_or(bad("pattern", "text"))?, &mut self.room)
    }

    fn array(&mut self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        let modern = self.dialect == Dialect::Draft2020;
        let mut rules = ArrayRules {
            fewest: count(schema, "minItems")?,
            most: count(schema, "maxItems")?,
            unique: flag(schema, "uniqueItems")?,
            ..ArrayRules::default()
        };
        match schema.get("items") {
            Some(items) if items.kind() == Kind::Array && !modern => {
                rules.first = self.list(items, "items")?;
                rules.rest = self.optional(schema, "additionalItems")?;
            }
            Some(_) => rules.rest = self.optional(schema, "items")?,
            None => {}
        }
        if let Some(first) = schema.get("prefixItems").filter(|_| modern) {
            rules.first = self.list(first, "prefixItems")?;
        }
        if self.dialect >= Dialect::Draft6
            && let Some(item) = self.optional(schema, "contains")?
        {
            rules.contains = Some(self.contains(schema, item)?);
        }
        if self.dialect >= Dialect::Draft2019 {
            node.unevaluated_items = self.optional(schema, "unevaluatedItems")?;
        }
        let any = rules.fewest.is_some() || rules.most.is_some() || rules.unique;
        let looks = !rules.first.is_empty() || rules.rest.is_some() || rules.contains.is_some();
        node.array = (any || looks).then(|| Box::new(rules));
        Ok(())
    }

    fn contains(&self, schema: Value<'d>, item: Index) -> Result<Contains, SchemaError> {
        let counted = self.dialect >= Dialect::Draft2019;
        let bound = |keyword| if counted { count(schema, keyword) } else { Ok(None) };
        Ok(Contains {
            item,
            fewest: bound("minContains")?.unwrap_or(1),
            most: bound("maxContains")?,
            evaluates: self.dialect == Dialect::Draft2020,
        })
    }

    fn object(&mut self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        let mut rules = ObjectRules {
            fewest: count(schema, "minProperties")?,
            most: count(schema, "maxProperties")?,
            required: schema
                .get("required")
                .map(|names| texts(names, "required"))
                .transpose()?
                .unwrap_or_default(),
            members: self.map(schema, "properties")?,
            rest: self.optional(schema, "additionalProperties")?,
            ..ObjectRules::default()
        };
        rules.members.sort_by(|(one, _), (other, _)| one.cmp(other));
        let rest = schema.get("additionalProperties");
        rules.is_map = rest.is_some_and(|rest| rest.kind() == Kind::Object && !rest.is_empty());
        for (pattern, index) in self.map(schema, "patternProperties")? {
            rules.patterns.push((self.pattern(Some(&pattern))?, index));
        }
        if self.dialect >= Dialect::Draft6 {
            rules.names = self.optional(schema, "propertyNames")?;
        }
        self.dependencies(schema, &mut rules)?;
        if self.dialect >= Dialect::Draft2019 {
            node.unevaluated_members = self.optional(schema, "unevaluatedProperties")?;
        }
        let counts = rules.fewest.is_some() || rules.most.is_some() || !rules.required.is_empty();
        let looks = !rules.members.is_empty() || !rules.patterns.is_empty() || rules.rest.is_some();
        let depends = !rules.required_with.is_empty() || !rules.applied_with.is_empty();
        node.object = (counts || looks || depends || rules.names.is_some()).then(|| Box::new(rules));
        Ok(())
    }

    /// `dependencies` became two keywords in 2019-09. Servers that say no draft still write it, and mean it.
    fn dependencies(&mut self, schema: Value<'d>, rules: &mut ObjectRules) -> Result<(), SchemaError> {
        let keywords: &[&'static str] = match self.dialect >= Dialect::Draft2019 {
            true => &["dependentRequired", "dependentSchemas", "dependencies"],
            false => &["dependencies"],
        };
        for keyword in keywords {
            let Some(dependencies) = schema.get(keyword) else { continue };
            if dependencies.kind() != Kind::Object {
                return Err(bad(keyword, "a map"));
            }
            for (name, depends) in dependencies.members() {
                let name: Box<str> = name.text().into();
                match depends.kind() {
                    Kind::Array if *keyword != "dependentSchemas" => {
                        rules.required_with.push((name, texts(depends, keyword)?));
                    }
                    Kind::Object | Kind::Bool if *keyword != "dependentRequired" => {
                        let index = self.index(depends)?;
                        rules.applied_with.push((name, index));
                    }
                    _ => return Err(bad(keyword, "a map of names or schemas")),
                }
            }
        }
        Ok(())
    }

    fn combinations(&mut self, schema: Value<'d>, node: &mut Node) -> Result<(), SchemaError> {
        for (keyword, parts) in [("allOf", &mut node.all), ("anyOf", &mut node.any), ("oneOf", &mut node.one)]
        {
            let Some(list) = schema.get(keyword) else { continue };
            parts.extend(self.list(list, keyword)?);
        }
        node.not = self.optional(schema, "not")?;
        if self.dialect >= Dialect::Draft7
            && let Some(condition) = self.optional(schema, "if")?
        {
            let then = self.optional(schema, "then")?;
            let otherwise = self.optional(schema, "else")?;
            node.condition = Some(Conditional { condition, then, otherwise });
        }
        Ok(())
    }

    fn optional(&mut self, schema: Value<'d>, keyword: &'static str) -> Result<Option<Index>, SchemaError> {
        let Some(part) = schema.get(keyword) else { return Ok(None) };
        if !is_schema(part) {
            return Err(bad(keyword, SCHEMA));
        }
        self.index(part).map(Some)
    }

    fn list(&mut self, list: Value<'d>, keyword: &'static str) -> Result<Vec<Index>, SchemaError> {
        if list.kind() != Kind::Array || list.is_empty() || !list.items().all(is_schema) {
            return Err(bad(keyword, SCHEMAS));
        }
        list.items().map(|part| self.index(part)).collect()
    }

    fn map(
        &mut self,
        schema: Value<'d>,
        keyword: &'static str,
    ) -> Result<Vec<(Box<str>, Index)>, SchemaError> {
        let Some(map) = schema.get(keyword) else { return Ok(Vec::new()) };
        if map.kind() != Kind::Object || !map.members().all(|(_, part)| is_schema(part)) {
            return Err(bad(keyword, "a map of schemas"));
        }
        map.members().map(|(name, part)| Ok((name.text().into(), self.index(part)?))).collect()
    }
}

fn is_schema(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::Object | Kind::Bool)
}

fn types(value: Value<'_>) -> Result<Types, SchemaError> {
    let wrong = bad("type", "one of the seven types of JSON Schema, or a list of them");
    let named = |value: Value<'_>| value.as_str().and_then(|name| Types::named(&name)).ok_or(wrong.clone());
    match value.kind() {
        Kind::Array if !value.is_empty() => {
            value.items().try_fold(Types::default(), |types, item| Ok(types.with(named(item)?)))
        }
        _ => named(value),
    }
}

fn values<'v>(all: impl Iterator<Item = Value<'v>>) -> Result<Values, SchemaError> {
    let mut values =
        Values { all: Default::default(), shown: Vec::new(), texts: Vec::new(), only_texts: true };
    for value in all {
        let mut identity = String::new();
        let comparable = "a list of values whose numbers can be compared exactly";
        identity::write(value, &mut identity).map_err(|_| bad("enum", comparable))?;
        values.all.insert(identity.into());
        let text = value.as_str();
        if values.shown.len() < MOST_SHOWN {
            values.shown.push(shown(value).into());
        }
        values.only_texts &= text.is_some() && values.texts.len() < MOST_TEXTS;
        values.texts.extend(text.filter(|_| values.only_texts).map(Box::from));
    }
    Ok(values)
}

/// A value as people read it in a message.
fn shown(value: Value<'_>) -> String {
    match (value.as_str(), value.decimal()) {
        (Some(text), _) => quoted(&text),
        (None, Some(Ok(number))) => number.to_string(),
        _ if matches!(value.kind(), Kind::Array | Kind::Object) => kind_words(value.kind()).to_owned(),
        _ => value.raw().to_owned(),
    }
}

fn number(schema: Value<'_>, keyword: &'static str) -> Result<Option<Decimal>, SchemaError> {
    let Some(value) = schema.get(keyword) else { return Ok(None) };
    let number = value.decimal().and_then(Result::ok);
    number.map(Some).ok_or(bad(keyword, "a number that can be compared exactly"))
}

fn count(schema: Value<'_>, keyword: &'static str) -> Result<Option<usize>, SchemaError> {
    let Some(value) = number(schema, keyword)? else { return Ok(None) };
    if !value.is_integer() || value.is_negative() {
        return Err(bad(keyword, "a whole number from 0"));
    }
    // More than can be counted is more than anything has.
    let count = value.to_i128().and_then(|count| usize::try_from(count).ok());
    Ok(Some(count.unwrap_or(usize::MAX)))
}

fn flag(schema: Value<'_>, keyword: &'static str) -> Result<bool, SchemaError> {
    match schema.get(keyword) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or(bad(keyword, "true or false")),
    }
}

fn texts(value: Value<'_>, keyword: &'static str) -> Result<Vec<Box<str>>, SchemaError> {
    let wrong = bad(keyword, "a list of names");
    if value.kind() != Kind::Array {
        return Err(wrong);
    }
    value.items().map(|item| item.as_str().map(Box::from).ok_or(wrong.clone())).collect()
}
