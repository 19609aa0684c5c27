//! `plimsoll explain CODE`.

use anyhow::Result;
use plimsoll_finding::{Code, rules};

use crate::exit::{Exit, Failure};
use crate::output::print;
use crate::ui::Ui;

/// Prints a code's entry, or every code in a line.
pub(crate) fn run(code: Option<&str>, ui: &Ui) -> Result<Exit> {
    let Some(text) = code else {
        let rows: Vec<Vec<String>> = rules()
            .map(|r| vec![r.code.to_string(), r.level.name().to_owned(), r.name.to_owned(), r.title.to_owned()])
            .collect();
        print(plimsoll_report::table(&rows).as_bytes())?;
        return Ok(Exit::Ok);
    };
    let Some(code) = Code::parse(text) else {
        let message = format!("there is no code '{text}'");
        return Err(Failure::usage(message).hint("plimsoll explain lists every code").into());
    };
    let rule = code.rule();
    let head = ui.out.bold(&format!("{} {}", rule.code, rule.name));
    print(
        format!(
            "{head} ({})\n\n{}.\n\n{}\n\n{} {}\n",
            rule.level.name(),
            rule.title,
            rule.explanation,
            ui.out.cyan("next:"),
            rule.help
        )
        .as_bytes(),
    )?;
    Ok(Exit::Ok)
}
