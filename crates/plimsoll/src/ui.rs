//! What people see beside the result: everything here goes to stderr.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_report::Style;

use crate::args::{Common, Progress, When};

/// Verbosity, colour and progress of this run.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    quiet: bool,
    verbose: u8,
    progress: Progress,
    /// Colour on stderr.
    pub(crate) err: Style,
    /// Colour on stdout.
    pub(crate) out: Style,
}

impl Ui {
    pub(crate) fn new(common: &Common) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        let colour = |terminal: bool| match common.color {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto => set("CLICOLOR_FORCE") || terminal,
        };
        let err_terminal = std::io::stderr().is_terminal();
        let progress = match common.progress {
            Progress::Auto if err_terminal => Progress::Auto,
            Progress::Auto => Progress::Plain,
            other => other,
        };
        Self {
            quiet: common.quiet,
            verbose: common.verbose,
            progress,
            err: Style::new(colour(err_terminal)),
            out: Style::new(colour(std::io::stdout().is_terminal())),
        }
    }

    /// One that says nothing.
    pub(crate) fn nothing() -> Self {
        Self { quiet: true, verbose: 0, progress: Progress::None, err: Style::PLAIN, out: Style::PLAIN }
    }

    /// The same, saying nothing.
    pub(crate) fn silent(&self) -> Self {
        Self { quiet: true, progress: Progress::None, ..self.clone() }
    }

    /// A line for people; silent under `-q`.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.line(line);
        }
    }

    /// A line for the curious (`-v`).
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose > 0 && !self.quiet {
            self.line(&self.err.dim(line));
        }
    }

    /// A line that stands even under `-q`: errors.
    #[expect(clippy::print_stderr, reason = "the one place that writes to stderr")]
    pub(crate) fn line(&self, line: &str) {
        eprintln!("{}", line.trim_end_matches('\n'));
    }

    /// A step of long work. Drop or [`Step::done`] ends it.
    pub(crate) fn step(&self, name: &str) -> Step {
        self.step_of(name, None)
    }

    /// A step over so many bytes, shown as a bar.
    pub(crate) fn step_of(&self, name: &str, total: Option<u64>) -> Step {
        if self.quiet || self.progress == Progress::None {
            return Step { bar: None, json: false, name: name.to_owned() };
        }
        match self.progress {
            Progress::Json => Step { bar: None, json: true, name: name.to_owned() },
            Progress::Auto => {
                let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
                let template = match total {
                    Some(_) => "{spinner} {msg} [{bar:30}] {bytes}/{total_bytes} {elapsed}",
                    None => "{spinner} {msg} {elapsed}",
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.set_message(name.to_owned());
                bar.enable_steady_tick(Duration::from_millis(120));
                Step { bar: Some(bar), json: false, name: name.to_owned() }
            }
            Progress::Plain | Progress::None => Step { bar: None, json: false, name: name.to_owned() },
        }
    }
}

/// Long work in progress.
#[derive(Debug)]
pub(crate) struct Step {
    bar: Option<ProgressBar>,
    json: bool,
    name: String,
}

impl Step {
    /// So many bytes more are done.
    pub(crate) fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// It is finished.
    pub(crate) fn done(self) {
        if self.json {
            let line = serde_json::json!({"step": self.name, "state": "done"});
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
