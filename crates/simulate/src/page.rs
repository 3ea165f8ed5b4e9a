pub(crate) fn page(_: &crate::Report) -> String { String::new() }
