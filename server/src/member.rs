//! How members of bodies and documents are read.

/// For a member that may be null: tells one that is null (`Some(None)`) from one that is not there.
///
/// # Errors
/// It is neither null nor what it should be.
pub fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
