//! Commands as `docs/OPERATIONS.md` has them: the block that follows a mark. Tests run these, so that
//! what operators copy is what was tried.

const TEXT: &str = include_str!("../../../docs/OPERATIONS.md");

/// The block below `<!-- tested: NAME -->`.
pub fn block(name: &str) -> String {
    let mark = format!("<!-- tested: {name} -->\n```");
    let (_, rest) = TEXT.split_once(&mark).unwrap_or_else(|| panic!("no block is marked {name}"));
    let (_, rest) = rest.split_once('\n').expect("a block begins with its language");
    let (block, _) = rest.split_once("```").expect("a block ends");
    block.to_owned()
}
