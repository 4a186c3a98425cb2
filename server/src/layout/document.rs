//! The text of a layout: JSON of our own. Units are centimetres, x to the right, y down.

use crate::member::given;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A number of the drawing, to a thousandth: equal layouts are written alike. Whole ones have no point.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident to $steps:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// The nearest that can be written.
            #[must_use]
            pub fn of(value: f64) -> Self {
                // Zero has one sign.
                Self((value * $steps).round() / $steps + 0.0)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if self.0.fract() == 0.0 && self.0.abs() < 1e15 {
                    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
                    return serializer.serialize_i64(self.0 as i64);
                }
                serializer.serialize_f64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                f64::deserialize(deserializer).map(Self::of)
            }
        }
    )*};
}

numbers! {
    /// A length in cm, to a thousandth: equal layouts are written alike. Whole ones have no point.
    Cm to 1_000.0;
    /// An angle in degrees, to a millionth.
    Degrees to 1_000_000.0;
}

/// A place in the hall: x and y.
pub type Point = [Cm; 2];

/// First and last of something in a row, from 1.
pub type Range = [u32; 2];

/// An aisle in a row: after how many of its seats, and as wide as how many.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Gap(pub u32, pub Cm);

fn is_zero(degrees: &Degrees) -> bool {
    degrees.get() == 0.0
}

/// A hall: what is drawn, and where its seats stand. Units are centimetres, x to the right, y down.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Version of this form: 1.
    #[schema(example = 1, minimum = 1, maximum = 1)]
    pub layout: u32,
    /// What the hall is called.
    #[schema(example = "Hangang Hall", min_length = 1, max_length = 200)]
    pub name: String,
    /// Of the drawing.
    #[schema(value_type = f64, example = 6000)]
    pub width: Cm,
    /// Of the drawing.
    #[schema(value_type = f64, example = 4500)]
    pub height: Cm,
    /// How wide a seat is drawn.
    #[schema(value_type = f64, example = 50)]
    pub seat: Cm,
    /// What is drawn besides seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false)]
    pub areas: Vec<Area>,
    /// Parts of the hall, with their seats.
    pub sections: Vec<Section>,
}

/// What an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AreaKind {
    /// Where people look.
    Stage,
    /// Where people stand; its places are no seats.
    Standing,
    /// Anything else: a bar, a desk, a door.
    Other,
}

/// Something that is drawn and holds no seat: a rectangle, turned about its middle.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// What it is.
    pub kind: AreaKind,
    /// What is written on it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "STAGE", max_length = 60)]
    pub text: Option<String>,
    /// Its left edge, before it is turned.
    #[schema(value_type = f64)]
    pub x: Cm,
    /// Its upper edge, before it is turned.
    #[schema(value_type = f64)]
    pub y: Cm,
    /// How wide it is.
    #[schema(value_type = f64)]
    pub width: Cm,
    /// How high it is drawn.
    #[schema(value_type = f64)]
    pub height: Cm,
    /// Degrees, clockwise on the screen.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(value_type = f64, nullable = false)]
    pub rotation: Degrees,
}

/// A part of the hall that people know by its name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it is called; each name once.
    #[schema(example = "A", min_length = 1, max_length = 60)]
    pub name: String,
    /// The grade of all its rows that name none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "R")]
    pub grade: Option<String>,
    /// The best point of the section: seats near it are offered first. Without it, the stage counts.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<f64>, nullable = false, min_items = 2, max_items = 2)]
    pub focus: Option<Point>,
    /// Corners of the shape that is drawn around it. Without it, a reader draws one around its seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<f64>>, nullable = false)]
    pub outline: Vec<Point>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row, or a piece of one: the same label may occur again in a section. It has the seats `first` to
/// `first + count - 1`, in this order. Where they stand is said in one of three ways: `at` and `step`, `at` and
/// `arc`, or `positions`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called.
    #[schema(example = "3", min_length = 1, max_length = 20)]
    pub label: String,
    /// Seat number of its first seat.
    #[schema(example = 101, minimum = 1)]
    pub first: u32,
    /// How many seats it has.
    #[schema(example = 24, minimum = 1)]
    pub count: u32,
    /// What its seats cost is said by grade; without one, that of the section.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "R")]
    pub grade: Option<String>,
    /// How its seats are numbered on their backs; from 1 upwards unless told.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub numbers: Option<Numbers>,
    /// What its seats are called, instead of `numbers`: one for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false, example = json!(["12A", "12B"]))]
    pub labels: Vec<String>,
    /// Where its first seat stands.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<f64>, nullable = false, min_items = 2, max_items = 2, example = json!([1200, 900]))]
    pub at: Option<Point>,
    /// From each seat to the next.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<f64>, nullable = false, min_items = 2, max_items = 2, example = json!([55, 0]))]
    pub step: Option<Point>,
    /// The circle that its seats stand on.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub arc: Option<Arc>,
    /// Where each seat stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<f64>>, nullable = false)]
    pub positions: Vec<Point>,
    /// Aisles: after how many seats, and as wide as how many seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<f64>>, nullable = false, example = json!([[12, 2]]))]
    pub gaps: Vec<Gap>,
    /// What is special about some of its seats.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    #[schema(nullable = false)]
    pub flags: Flags,
}

/// Labels that count: `start`, `start + step`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Of the first seat.
    pub start: i32,
    /// From each seat to the next: 1, -1 from right to left, 2 where odd and even seats stand on two sides.
    pub step: i32,
}

/// A circle that a row stands on.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arc {
    /// Its middle.
    #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
    pub center: Point,
    /// From each seat to the next, clockwise on the screen.
    #[schema(value_type = f64, example = 1.2)]
    pub degrees: Degrees,
}

/// What is special about seats of a row: ranges of them, counted from 1 within the row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Flags {
    /// Room for a wheelchair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<u32>>, nullable = false, example = json!([[1, 2]]))]
    pub accessible: Vec<Range>,
    /// For who comes with somebody in a wheelchair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<u32>>, nullable = false)]
    pub companion: Vec<Range>,
    /// Something stands in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<u32>>, nullable = false)]
    pub restricted_view: Vec<Range>,
    /// Beside an aisle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<u32>>, nullable = false)]
    pub aisle: Vec<Range>,
}

impl Flags {
    /// Whether nothing is special.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accessible.is_empty()
            && self.companion.is_empty()
            && self.restricted_view.is_empty()
            && self.aisle.is_empty()
    }
}
