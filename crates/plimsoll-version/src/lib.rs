//! Version orderings of package ecosystems, and package URLs.
