//! Answers: what a use case gives back, in a form that can be stored and replayed.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, ETAG, LOCATION};
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// A successful answer: status, body and the headers we own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    location: Option<String>,
    version: Option<i64>,
    body: String,
}

impl Answer {
    fn new(status: u16, body: &impl Serialize) -> Result<Answer, Problem> {
        Ok(Answer {
            status,
            location: None,
            version: None,
            body: serde_json::to_string(body).map_err(Problem::internal)?,
        })
    }

    /// 200 with a body.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn ok(body: &impl Serialize) -> Result<Answer, Problem> {
        Answer::new(200, body)
    }

    /// 201 with the thing that was made and where to read it.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn created(body: &impl Serialize, location: impl ToString) -> Result<Answer, Problem> {
        Ok(Answer {
            location: Some(location.to_string()),
            ..Answer::new(201, body)?
        })
    }

    /// 202: the work goes on as a job.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn accepted(body: &impl Serialize, location: impl ToString) -> Result<Answer, Problem> {
        Ok(Answer {
            location: Some(location.to_string()),
            ..Answer::new(202, body)?
        })
    }

    /// 207: many items, each with its own status.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn multi_status(body: &impl Serialize) -> Result<Answer, Problem> {
        Answer::new(207, body)
    }

    /// Adds the `ETag` of the thing's version.
    #[must_use]
    pub const fn version(mut self, version: i64) -> Answer {
        self.version = Some(version);
        self
    }

    /// The answer with another body.
    ///
    /// # Errors
    /// When the body has no JSON form.
    pub fn with_body(self, body: &impl Serialize) -> Result<Answer, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Answer { body, ..self })
    }

    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body as JSON text.
    pub fn body(&self) -> &str {
        &self.body
    }

    pub fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(version) = self.version {
            response.insert_header((ETAG, etag(version)));
        }
        response.content_type(ContentType::json()).body(self.body)
    }
}

/// The strong `ETag` of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}
