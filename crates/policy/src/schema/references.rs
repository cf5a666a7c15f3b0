//! What references lead to: only what the same document holds.

use std::collections::HashMap;

use interlock_json::{Kind, NodeId, Value};

use super::SchemaError;
use super::keywords::{self, Dialect};
use crate::describe::quoted;

/// The schema's resources (parts with an `$id`) and their anchors.
pub(super) struct References<'d> {
    resources: Vec<Resource<'d>>,
    /// By their `$id` as written, without an empty fragment; the first of each.
    named: HashMap<String, usize>,
    /// The resource that a part belongs to.
    belonging: HashMap<NodeId, usize>,
    /// What large objects and arrays hold that pointers have led through: each is searched once, not once a
    /// reference.
    searched: HashMap<NodeId, HashMap<String, Value<'d>>>,
}

/// Objects and arrays that hold less are searched one by one.
const FEW: usize = 16;

struct Resource<'d> {
    root: Value<'d>,
    anchors: HashMap<String, Value<'d>>,
}

impl<'d> References<'d> {
    pub(super) fn new(root: Value<'d>, dialect: Dialect) -> References<'d> {
        let mut references = References {
            resources: Vec::new(),
            named: HashMap::new(),
            belonging: HashMap::new(),
            searched: HashMap::new(),
        };
        references.resources.push(Resource { root, anchors: HashMap::new() });
        references.visit(root, 0, dialect);
        references
    }

    /// The depth of a document is bounded, and with it this recursion.
    fn visit(&mut self, schema: Value<'d>, outer: usize, dialect: Dialect) {
        if schema.kind() != Kind::Object {
            return;
        }
        let current = self.identify(schema, outer, dialect);
        self.belonging.insert(schema.id(), current);
        for keyword in ["$anchor", "$dynamicAnchor"].into_iter().filter(|_| dialect >= Dialect::Draft2019) {
            if let Some(name) = schema.get(keyword).and_then(Value::as_str) {
                self.anchor(current, &name, schema);
            }
        }
        keywords::each_part(schema, |part| self.visit(part, current, dialect));
    }

    fn identify(&mut self, schema: Value<'d>, outer: usize, dialect: Dialect) -> usize {
        let keyword = if dialect == Dialect::Draft4 { "id" } else { "$id" };
        let shadowed = dialect <= Dialect::Draft7 && schema.get("$ref").is_some();
        let Some(id) = schema.get(keyword).and_then(Value::as_str).filter(|_| !shadowed) else {
            return outer;
        };
        // Before `$anchor`, an `$id` that is only a fragment was one.
        if let Some(name) = id.strip_prefix('#') {
            self.anchor(outer, name, schema);
            return outer;
        }
        let id = id.strip_suffix('#').unwrap_or(&id).to_owned();
        let is_root = self.belonging.is_empty();
        if !is_root {
            self.resources.push(Resource { root: schema, anchors: HashMap::new() });
        }
        let resource = self.resources.len() - 1;
        self.named.entry(id).or_insert(resource);
        resource
    }

    fn anchor(&mut self, resource: usize, name: &str, schema: Value<'d>) {
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.anchors.insert(name.to_owned(), schema);
        }
    }

    /// Whether a dynamic reference means the same from everywhere.
    pub(super) fn is_one_resource(&self) -> bool {
        self.resources.len() == 1
    }

    /// What a reference in `from` leads to. Relative addresses of resources are not put together: a resource is
    /// named as its `$id` is written, or not found.
    pub(super) fn resolve(&mut self, from: Value<'d>, reference: &str) -> Result<Value<'d>, SchemaError> {
        let unknown = || SchemaError::Reference(quoted(reference));
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = match address {
            "" => self.resources.get(self.belonging.get(&from.id()).copied().unwrap_or_default()),
            id => self.named.get(id).and_then(|resource| self.resources.get(*resource)),
        };
        let Resource { root, anchors, .. } = resource.ok_or_else(unknown)?;
        let fragment = decoded(fragment).ok_or_else(unknown)?;
        match fragment.as_str() {
            "" => Ok(*root),
            pointer if pointer.starts_with('/') => {
                let root = *root;
                self.pointed(root, pointer).ok_or_else(unknown)
            }
            anchor => anchors.get(anchor).copied().ok_or_else(unknown),
        }
    }

    fn pointed(&mut self, root: Value<'d>, pointer: &str) -> Option<Value<'d>> {
        pointer.split('/').skip(1).try_fold(root, |value, segment| {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            if value.kind() == Kind::Object && value.len() < FEW {
                return value.get(&segment);
            }
            let all = || {
                let members = value.members().map(|(key, member)| (key.text().into_owned(), member));
                members
                    .chain(value.items().enumerate().map(|(index, item)| (index.to_string(), item)))
                    .collect()
            };
            self.searched.entry(value.id()).or_insert_with(all).get(&segment).copied()
        })
    }
}

/// Percent-decoding, as fragments are written.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
