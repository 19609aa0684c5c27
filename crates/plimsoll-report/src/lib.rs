//! Reports: findings and results rendered as terminal text, JSON, SARIF and Markdown.
