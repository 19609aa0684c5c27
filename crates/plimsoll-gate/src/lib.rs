//! The scan gate: vulnerabilities judged by the tier's thresholds.
