//! The table, the budgets, and both for programs.

use interlock_benches::spread::{median, shown};
use serde::Serialize;

/// What the turns of one row gave, a value each.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Which loop: `8 in flight`, say.
    pub load: String,
    /// The era of the client.
    pub era: &'static str,
    /// How the server answers.
    pub answers: &'static str,
    /// What stands in between.
    pub way: &'static str,
    /// Microseconds within which half of a turn's calls were answered.
    pub p50: Vec<f64>,
    /// 99 of 100.
    pub p99: Vec<f64>,
    /// 999 of 1,000.
    pub p999: Vec<f64>,
    /// Calls a second.
    pub throughput: Vec<f64>,
    /// Microseconds of processor time a call of what stands in between.
    pub processor: Vec<f64>,
}

impl Figures {
    /// Forgets the turns so far: they warmed up.
    pub fn clear(&mut self) {
        for values in
            [&mut self.p50, &mut self.p99, &mut self.p999, &mut self.throughput, &mut self.processor]
        {
            values.clear();
        }
    }
}

/// A promise, and what became of it.
#[derive(Debug, Serialize)]
pub struct Budget {
    /// What is promised.
    pub what: String,
    /// What was measured.
    pub value: f64,
    /// What it may be at most.
    pub most: f64,
}

impl Budget {
    /// Whether it is kept.
    pub fn is_met(&self) -> bool {
        self.value <= self.most
    }
}

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// What the machine did before and after: `/proc/loadavg`.
    pub load: Vec<String>,
    /// The rows of the table.
    pub rows: Vec<Figures>,
    /// The promises.
    pub budgets: Vec<Budget>,
}

impl Report {
    fn of(&self, row: &Figures, way: &str) -> Option<&Figures> {
        self.rows
            .iter()
            .find(|of| of.load == row.load && of.era == row.era && of.answers == row.answers && of.way == way)
    }

    /// The processor time of a row against the floor's, round by round.
    fn processor_ratio(&self, row: &Figures) -> Option<f64> {
        let floor = self.of(row, "floor")?;
        let ratios: Vec<f64> =
            row.processor.iter().zip(&floor.processor).map(|(value, floor)| value / floor).collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    }

    /// What a row adds to the way without anything in between, against what the floor adds.
    fn added_ratio(&self, row: &Figures, of: fn(&Figures) -> &Vec<f64>) -> Option<f64> {
        let direct = median(of(self.of(row, "direct")?));
        let floor = median(of(self.of(row, "floor")?)) - direct;
        (floor > 0.0 && row.way != "direct").then(|| (median(of(row)) - direct) / floor)
    }

    /// Holds the rows with eight calls in flight against their budgets.
    pub fn judge(&mut self) {
        let mut budgets = Vec::new();
        for row in self.rows.iter().filter(|row| row.load == "8 in flight") {
            let named = |what: &str| format!("{} {} {}: {what}", row.era, row.answers, row.way);
            let most = match row.way {
                "policy" => 1.25,
                "full" => 1.6,
                _ => continue,
            };
            let mut add = |what, value: Option<f64>, most| {
                budgets.extend(value.map(|value| Budget { what: named(what), value, most }));
            };
            add("processor time, × floor", self.processor_ratio(row), most);
            add("added p50, × floor", self.added_ratio(row, |row| &row.p50), 1.5);
            add("added p99, × floor", self.added_ratio(row, |row| &row.p99), 2.0);
        }
        self.budgets.append(&mut budgets);
    }

    /// Prints it for people.
    pub fn print(&self) {
        println!("load {}\n", self.load.join(" → "));
        let mut load = "";
        for row in &self.rows {
            if row.load != load {
                load = &row.load;
                header(load);
            }
            self.print_row(row);
        }
        println!();
        for budget in &self.budgets {
            let met = if budget.is_met() { "met   " } else { "MISSED" };
            println!("{met} {}: {:.2}, at most {}", budget.what, budget.value, budget.most);
        }
    }

    fn print_row(&self, row: &Figures) {
        let ratio = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
        let is_direct = row.processor.is_empty();
        println!(
            "| {:6} | {:4} | {:8} | {:>22} | {:>6} | {:>8.0} | {:>6} | {:>8.0} | {:>7.0} | {:>8} | {:>7} |",
            row.era,
            row.answers,
            row.way,
            shown(&row.p50, 0),
            ratio(self.added_ratio(row, |row| &row.p50)),
            median(&row.p99),
            ratio(self.added_ratio(row, |row| &row.p99)),
            median(&row.p999),
            median(&row.throughput),
            if is_direct { String::new() } else { format!("{:.1}", median(&row.processor)) },
            ratio(self.processor_ratio(row)),
        );
    }
}

fn header(load: &str) {
    println!("\n{load}: median of the rounds (least–most); × is against the floor");
    println!(
        "| {:6} | {:4} | {:8} | {:>22} | {:>6} | {:>8} | {:>6} | {:>8} | {:>7} | {:>8} | {:>7} |",
        "era", "", "", "p50 µs", "added×", "p99 µs", "added×", "p99.9 µs", "calls/s", "CPU µs", "× floor"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(way: &'static str, p50: f64, processor: &[f64]) -> Figures {
        Figures {
            load: "8 in flight".to_owned(),
            era: "modern",
            answers: "json",
            way,
            p50: vec![p50],
            p99: vec![p50 * 2.0],
            processor: processor.to_vec(),
            ..Figures::default()
        }
    }

    #[test]
    fn ratios_are_taken_round_by_round_and_budgets_of_what_is_added() {
        let rows = vec![
            row("direct", 100.0, &[]),
            row("floor", 200.0, &[10.0, 20.0]),
            row("policy", 240.0, &[12.0, 24.0]),
            row("full", 300.0, &[20.0, 40.0]),
        ];
        let mut report = Report { rows, ..Report::default() };
        report.judge();
        let of = |what: &str| report.budgets.iter().find(|budget| budget.what == what).unwrap();
        assert_eq!(of("modern json policy: processor time, × floor").value, 1.2);
        assert_eq!(of("modern json policy: added p50, × floor").value, 1.4);
        assert!(!of("modern json full: processor time, × floor").is_met());
        assert!(!of("modern json full: added p50, × floor").is_met());
    }
}
