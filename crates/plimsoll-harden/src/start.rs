//! The closure's beginning: command lines of the image and its workloads (rule R0).

use plimsoll_finding::{Finding, Location, harden};
use plimsoll_tree::NodeKind;

use crate::closure::Closure;
use crate::deny::Class;
use crate::plan::Rule;
use crate::seed::{self, DEFAULT_PATH, Place, Seed};
use crate::{HardenError, script};

impl Closure<'_, '_> {
    /// Starts the closure at a command line (rule R0).
    pub(crate) fn start(&mut self, seed: &Seed) -> Result<(), HardenError> {
        let config = &self.input.config.container;
        let search = config.env_value("PATH").unwrap_or(DEFAULT_PATH);
        let Some(name) = seed.argv.first() else { return Ok(()) };
        let tree = self.input.tree;
        let label = seed.label();
        let Some(program) = seed::program(tree, name, search, &config.working_dir) else {
            self.missing_program(seed, name);
            return Ok(());
        };
        let real = tree.resolve(&program).unwrap_or_else(|| program.clone());
        let denied = tree.get(&real).and_then(|n| self.denial(&real, n)).or_else(|| self.link_denial(&program));
        if let Some(class) = denied {
            self.deny(&real, class, Some(&label));
            self.denied_program(seed, &program, class);
            return Ok(());
        }
        self.start_program(&program, &label);
        for argument in &seed.argv[1..] {
            // `--config=/etc/x.conf` names a path as much as `/etc/x.conf` does.
            let path = argument.split_once('=').map_or(argument.as_str(), |(_, v)| v);
            if path.starts_with('/')
                && path.len() > 1
                && let Some((real, node)) = tree.lookup(path)
            {
                match node.kind {
                    NodeKind::Directory if self.units.is_private(&real) => self.keep_below(path, Rule::Seed, &label),
                    _ => {
                        self.keep(path, Rule::Seed, &label);
                    }
                }
            }
        }
        if let Some(shell) = self.script_shell(&real)? {
            if !self.input.runtime.keep_shell && !self.kept.contains_key(&shell) {
                self.shell_needed(seed, &format!("{program} is a script for {shell}"));
            } else {
                self.keep_script_programs(&real, search)?;
            }
        }
        Ok(())
    }

    fn start_program(&mut self, program: &str, label: &str) {
        let mut places = vec![program.to_owned()];
        if let Some(real) = self.keep(program, Rule::Seed, label) {
            places.push(real);
        }
        for place in places {
            // The package of the name and the package of what it leads to are both units.
            if let Some(package) = self.units.owner(&place) {
                self.keep_unit(package);
            }
        }
    }

    /// With the shell kept by decision, the programs an entry script names are kept as well.
    fn keep_script_programs(&mut self, path: &str, search: &str) -> Result<(), HardenError> {
        let Some(bytes) = self.reader.read(path)? else { return Ok(()) };
        for word in script::words(&bytes) {
            if let Some(program) = seed::program(self.input.tree, &word, search, "/") {
                self.keep(&program, Rule::Script, path);
            }
        }
        Ok(())
    }

    fn script_shell(&self, path: &str) -> Result<Option<String>, HardenError> {
        let Some(bytes) = self.reader.read(path)? else { return Ok(None) };
        Ok(script::interpreter(&bytes).filter(|i| crate::words::is_shell(&i.program)).map(|i| i.program))
    }

    fn missing_program(&mut self, seed: &Seed, name: &str) {
        let message = format!("{} starts '{name}', which is not in the image", seed.label());
        match &seed.place {
            Place::Manifest { object, field, .. } => {
                let location = Location::Object { object: object.clone(), field: field.clone() };
                self.findings.push(Finding::new(plimsoll_finding::manifest::COMMAND_NOT_FOUND, location, message));
            }
            _ => self.entry(harden::ENTRY_NOT_FOUND, None, message, seed),
        }
    }

    fn denied_program(&mut self, seed: &Seed, program: &str, class: Class) {
        if class == Class::Shell {
            self.shell_needed(seed, &format!("{} starts {program}", seed.label()));
            return;
        }
        let message = format!(
            "{} starts {program}, a {} that hardened images do not carry",
            seed.label(),
            class.name().replace('-', " ")
        );
        self.entry(harden::DENIED_NEEDED, Some(program), message, seed);
    }

    /// A finding about what is started. One about the image's own entry point only warns where no workload runs it.
    fn entry(&mut self, code: plimsoll_finding::Code, path: Option<&str>, message: String, seed: &Seed) {
        let unused = seed.place == Place::HealthCheck || (seed.place == Place::Image && self.overridden);
        let finding = self.found(code, path, message);
        finding.evidence.push(format!("argv: {:?}", seed.original));
        if unused {
            finding.level = plimsoll_finding::Level::Warning;
            finding.evidence.push("nothing that was given runs it".to_owned());
        }
    }

    fn shell_needed(&mut self, seed: &Seed, why: &str) {
        let evidence = format!("argv: {:?}", seed.original);
        match &seed.place {
            Place::Manifest { object, field, .. } => {
                let location = Location::Object { object: object.clone(), field: field.clone() };
                let code = plimsoll_finding::manifest::EXEC_NEEDS_SHELL;
                self.findings.push(
                    Finding::new(code, location, format!("{why}; the hardened image has no shell"))
                        .with_evidence(evidence),
                );
            }
            Place::HealthCheck => {
                // Kubernetes ignores it, so it is removed from the configuration rather than stopping the run.
            }
            Place::Image => {
                self.entry(harden::ENTRY_NEEDS_SHELL, None, format!("{why}; hardening would remove it"), seed)
            }
        }
    }
}
