//! The tree that the parser makes of a file: typed, with a span for everything.
//!
//! Fields are public to read; only the parser constructs the nodes, so a tree is
//! always one that the grammar can produce. Names are not resolved yet: a
//! [`Reference`] may turn out to be a field, a `let`, a list or a table.

use contentcheck_model::source::{Source, Span, Spanned};
use contentcheck_model::template::FieldType;

/// A name and where it stands. Backticks are not part of the text.
pub type Name = Spanned<String>;

/// A literal and where it stands.
pub type Value = Spanned<Literal>;

/// One native file.
#[derive(Clone, Debug)]
pub struct Ast {
    pub(super) source: Source,
    pub(super) declarations: Vec<Declaration>,
    pub(super) comments: Vec<Span>,
    /// What is declared and could not be read, by name.
    pub(super) lost: Vec<String>,
    pub(super) intact: bool,
}

impl Ast {
    /// The text that the tree was made of.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The declarations in the order of the file. Those with a syntax error in them are left out.
    #[must_use]
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// The comments in the order of the file, each from its `#` to the end of its line.
    #[must_use]
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// Whether the file has no syntax error, so that the tree stands for all of it.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.intact
    }
}

/// One declaration of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Declaration {
    /// `template name @ version { ... }`
    Template(Template),
    /// `table name @ version { ... } ...`
    Table(Table),
    /// `list name = [ ... ]`
    List(List),
    /// `rule name { ... }`
    Rule(Rule),
}

impl Declaration {
    /// The declaration from its keyword to its last sign.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Template(template) => template.span,
            Self::Table(table) => table.span,
            Self::List(list) => list.span,
            Self::Rule(rule) => rule.span,
        }
    }

    /// The declared name.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Template(template) => &template.name,
            Self::Table(table) => &table.name,
            Self::List(list) => &list.name,
            Self::Rule(rule) => &rule.name,
        }
    }
}

/// A template type as it is written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Template {
    /// Dotted name.
    pub name: Name,
    /// Version, from 1.
    pub version: Spanned<u32>,
    /// The entries in the order of the file.
    pub entries: Vec<TemplateEntry>,
    /// From `{` to `}`.
    pub body: Span,
    /// The whole declaration.
    pub span: Span,
}

/// One entry of a template type.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateEntry {
    /// `serves { product: windows }`
    Serves(Block<Pair<Name>>),
    /// `reads { EventID: [17, 18] }`
    Reads(Block<Pair<Values>>),
    /// `header { Computer: string nocase }`
    Header(Block<Pair<Spanned<FieldType>>>),
    /// `retired 3, 7`
    Retired(Retired),
    /// `open`
    Open(Span),
    /// `1 image : string nocase`
    Field(NumberedField),
}

impl TemplateEntry {
    /// The whole entry.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Serves(block) => block.span,
            Self::Reads(block) => block.span,
            Self::Header(block) => block.span,
            Self::Retired(retired) => retired.span,
            Self::Open(span) => *span,
            Self::Field(field) => field.span,
        }
    }
}

/// A word and a list of pairs in braces.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Block<T> {
    /// The pairs.
    pub pairs: Vec<T>,
    /// From `{` to `}`.
    pub body: Span,
    /// From the word to `}`.
    pub span: Span,
}

/// `key: value`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pair<T> {
    /// The key.
    pub key: Name,
    /// The value.
    pub value: T,
}

/// Positions that are never used again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retired {
    /// The positions.
    pub positions: Vec<Spanned<u32>>,
    /// The whole entry.
    pub span: Span,
}

/// A numbered field of a template type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberedField {
    /// Position, from 1.
    pub position: Spanned<u32>,
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Spanned<FieldType>,
    /// The whole entry.
    pub span: Span,
}

/// A table as it is written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// Name.
    pub name: Name,
    /// Version, from 1.
    pub version: Spanned<u32>,
    /// The columns, from `{` to `}`.
    pub columns: Vec<Column>,
    /// From `{` to `}` around the columns.
    pub body: Span,
    /// `capacity 10_000`
    pub capacity: Option<Spanned<u64>>,
    /// Where the rows are.
    pub rows: Rows,
    /// The whole declaration.
    pub span: Span,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Spanned<FieldType>,
    /// `key`, where it is written.
    pub key: Option<Span>,
    /// The whole column.
    pub span: Span,
}

/// Where the rows of a table are.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// `from "drivers.csv"`: the name of a file, relative to the declaring file.
    From(Name),
    /// `rows [ ["ab", "x"], ... ]`
    Inline(InlineRows),
}

/// Rows inside the declaration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InlineRows {
    /// The rows.
    pub rows: Vec<Values>,
    /// From `[` to `]`.
    pub span: Span,
}

/// A list of values in brackets, or a single value without.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Values {
    /// The values.
    pub values: Vec<Value>,
    /// Whether they stand in brackets.
    pub bracketed: bool,
    /// From the first to the last sign.
    pub span: Span,
}

/// `list name = [ ... ]`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List {
    /// Name.
    pub name: Name,
    /// The values.
    pub values: Values,
    /// The whole declaration.
    pub span: Span,
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Name.
    pub name: Name,
    /// The entries in the order of the file.
    pub entries: Vec<RuleEntry>,
    /// From `{` to `}`.
    pub body: Span,
    /// The whole declaration.
    pub span: Span,
}

impl Rule {
    /// The attribute of this name.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&AttributeValue> {
        self.entries.iter().find_map(|entry| match entry {
            RuleEntry::Attribute(attribute) if attribute.key.value == key => Some(&attribute.value),
            _ => None,
        })
    }

    /// The condition.
    #[must_use]
    pub fn when(&self) -> Option<&When> {
        self.entries.iter().find_map(|entry| match entry {
            RuleEntry::When(when) => Some(when),
            _ => None,
        })
    }

    /// The bindings in the order of the file.
    pub fn lets(&self) -> impl Iterator<Item = &Let> {
        self.entries.iter().filter_map(|entry| match entry {
            RuleEntry::Let(binding) => Some(binding),
            _ => None,
        })
    }

    /// The tests in the order of the file.
    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.entries.iter().filter_map(|entry| match entry {
            RuleEntry::Test(test) => Some(test),
            _ => None,
        })
    }
}

/// One entry of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleEntry {
    /// `severity: high`
    Attribute(Pair<AttributeValue>),
    /// `let name = ...`
    Let(Let),
    /// `when ...`
    When(When),
    /// `test fires { ... }`
    Test(Test),
}

impl RuleEntry {
    /// The whole entry.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Attribute(attribute) => attribute.key.span.to(attribute.value.span()),
            Self::Let(binding) => binding.span,
            Self::When(when) => when.span,
            Self::Test(test) => test.span,
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// A word or a text.
    Text(Name),
    /// A list of words or strings.
    List(TextList),
    /// `ipc.named_pipe @ 2`
    Template(TemplateName),
}

impl AttributeValue {
    /// The whole value.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Text(text) => text.span,
            Self::List(list) => list.span,
            Self::Template(template) => template.name.span.to(template.version.span),
        }
    }
}

/// A list of words or strings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextList {
    /// The items.
    pub items: Vec<Name>,
    /// From `[` to `]`.
    pub span: Span,
}

/// A template type that a rule names.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TemplateName {
    /// Dotted name.
    pub name: Name,
    /// Version.
    pub version: Spanned<u32>,
}

/// `let name = ...`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Let {
    /// Name.
    pub name: Name,
    /// What it stands for.
    pub value: LetValue,
    /// The whole entry.
    pub span: Span,
}

/// What a `let` stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum LetValue {
    /// A condition.
    Condition(Expr),
    /// A list of values.
    Values(Values),
}

/// `when ...`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct When {
    /// The condition.
    pub condition: Expr,
    /// The whole entry.
    pub span: Span,
}

/// `test fires "name" { field: value }`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Test {
    /// Whether the rule is to fire.
    pub fires: bool,
    /// Name for reports.
    pub name: Option<Name>,
    /// The event.
    pub fields: Vec<Pair<Values>>,
    /// From `{` to `}`.
    pub body: Span,
    /// The whole entry.
    pub span: Span,
}

/// A condition. Chains are flat: no operand of an [`Expr::All`] is one itself, and
/// nesting is bounded by [`contentcheck_model::limits::NESTING`].
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `a or b or c`
    Any(Chain),
    /// `a and b and c`
    All(Chain),
    /// `not a`
    Not(Not),
    /// `image ends_with ".exe"`
    Predicate(Predicate),
    /// The name of a `let`, alone.
    Reference(Reference),
}

impl Expr {
    /// The whole expression, with the parentheses around it.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Any(chain) | Self::All(chain) => chain.span,
            Self::Not(not) => not.span,
            Self::Predicate(predicate) => predicate.span,
            Self::Reference(reference) => reference.span,
        }
    }
}

/// Operands of one connective. Never fewer than two.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Chain {
    /// The operands.
    pub operands: Vec<Expr>,
    /// From the first to the last operand, or the parentheses around them.
    pub span: Span,
}

/// `not a`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Not {
    /// What is negated.
    pub operand: Box<Expr>,
    /// The whole expression.
    pub span: Span,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Predicate {
    /// `any` or `all` before a list field.
    pub quantifier: Option<Spanned<Quantifier>>,
    /// The left side.
    pub left: Operand,
    /// The operator.
    pub operator: Spanned<Operator>,
    /// Whether `~` follows the operator.
    pub ignore_case: bool,
    /// Whether `all` stands before the values on the right.
    pub all_values: Option<Span>,
    /// The right side; only `exists` has none.
    pub right: Option<Right>,
    /// The whole predicate.
    pub span: Span,
}

/// How many elements of a list field must satisfy the predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// At least one element.
    Any,
    /// Every element, and at least one.
    All,
}

/// The operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `starts_with`
    StartsWith,
    /// `ends_with`
    EndsWith,
    /// `like`
    Like,
    /// `matches`
    Matches,
    /// `cidr`
    Cidr,
    /// `exists`
    Exists,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 14] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::In,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Like,
        Self::Matches,
        Self::Cidr,
        Self::Exists,
    ];

    /// The sign or word that the language uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Like => "like",
            Self::Matches => "matches",
            Self::Cidr => "cidr",
            Self::Exists => "exists",
        }
    }

    /// Whether it compares two single values with a sign.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }

    /// Whether it looks for a part or pattern in a text.
    #[must_use]
    pub const fn is_textual(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith | Self::Like | Self::Matches)
    }
}

/// The left side of a predicate, or a single value on its right.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A name or position.
    Reference(Reference),
    /// A literal.
    Literal(Value),
    /// `flags & 0x10`
    Masked(Masked),
}

impl Operand {
    /// The whole operand.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Reference(reference) => reference.span,
            Self::Literal(value) => value.span,
            Self::Masked(masked) => masked.field.span.to(masked.mask.span),
        }
    }
}

/// `flags & 0x10`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Masked {
    /// The field.
    pub field: Reference,
    /// The bits that are kept.
    pub mask: Spanned<i64>,
}

/// The right side of a predicate.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// One value.
    One(Operand),
    /// A list in brackets.
    Values(Values),
}

impl Right {
    /// The whole right side.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::One(operand) => operand.span(),
            Self::Values(values) => values.span,
        }
    }
}

/// A name or a position, not resolved yet.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reference {
    /// What is referred to.
    pub target: ReferenceTarget,
    /// Where.
    pub span: Span,
}

/// What a reference is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceTarget {
    /// A name, bare or in backticks. Only a field can be in backticks.
    Name {
        /// The name without backticks.
        name: String,
        /// Whether it stood in backticks.
        quoted: bool,
    },
    /// `$21`
    Position(u32),
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A text; addresses and networks are strings too until they meet a type.
    Text(String),
    /// An integer.
    Int(i64),
    /// A float; always finite.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Literal {
    /// What the literal is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::Bytes(_) => "bytes",
        }
    }
}
