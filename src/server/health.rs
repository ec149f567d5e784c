//! `/healthz` and `/readyz`.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::db::migrations;
use crate::platform::http::{Code, Executor, Outcome, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz);
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub struct Health {
    #[schema(max_length = 20)]
    status: String,
}

impl Health {
    fn ok() -> HttpResponse {
        HttpResponse::Ok().json(Health {
            status: "ok".to_owned(),
        })
    }
}

/// Is the process alive?
///
/// Answers as long as the process serves at all; it asks nothing of the database.
#[utoipa::path(tag = "operation", responses((status = 200, description = "Alive.", body = Health)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    Health::ok()
}

/// Can the service work?
///
/// 200 when the database answers and has every migration, else 503.
#[utoipa::path(tag = "operation", responses((status = 200, description = "Ready.", body = Health)))]
#[get("/readyz")]
pub async fn readyz(executor: web::Data<Executor>) -> Outcome {
    let pending = executor.read(|db| Ok(migrations::pending(db)?)).await?;
    if pending > 0 {
        tracing::warn!(pending, "migrations are pending");
        return Err(Problem::new(Code::DatabaseUnavailable));
    }
    Ok(Health::ok())
}
