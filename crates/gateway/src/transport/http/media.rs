//! What a server's response holds.

use hyper::Response;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use interlock_wire::sse;

use super::carrier::Reply;
use super::failure::Failure;

pub(super) enum Media {
    Json,
    Events,
    None,
}

pub(super) fn media_type(response: &Response<Reply>) -> Result<Media, Failure> {
    let headers = response.headers();
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Failure::Encoded);
    }
    let Some(media) = headers.get(CONTENT_TYPE) else { return Ok(Media::None) };
    let media = media.to_str().unwrap_or_default();
    match media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(Media::Json),
        sse::MEDIA_TYPE => Ok(Media::Events),
        _ => Err(Failure::Media { media: media.chars().take(64).collect() }),
    }
}
