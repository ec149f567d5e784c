//! `/openapi.json`, the docs page at `/docs` with its assets in the binary, and a page for each problem.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::openapi::Served;
use crate::platform::http::language::spoken;
use crate::platform::http::{Code, Problem};
use kernel::places::Language;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(openapi_document)
        .service(list_problems)
        .service(problem_page)
        .service(web::redirect("/docs", "/docs/"))
        .service(
            SwaggerUi::new("/docs/{_:.*}").config(
                Config::from("/openapi.json")
                    .persist_authorization(true)
                    .try_it_out_enabled(true)
                    .display_request_duration(true)
                    .doc_expansion("none")
                    .filter(true),
            ),
        );
}

#[get("/openapi.json")]
async fn openapi_document(document: web::Data<Served>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.0.clone())
}

#[get("/problems")]
async fn list_problems(request: HttpRequest) -> HttpResponse {
    let language = spoken(request.headers());
    let mut rows = String::new();
    for code in Code::ALL {
        let _ = write!(
            rows,
            "<tr><td>{}</td><td><a href=\"/problems/{code}\"><code>{code}</code></a></td><td>{}</td><td>{}</td></tr>",
            code.status(),
            code.title(language),
            code.guide(language).cause,
            code = code.as_str(),
        );
    }
    let title = match language {
        Language::English => "Problems",
        Language::Chinese => "问题",
    };
    page(language, title, &format!("<table>{rows}</table>"))
}

#[get("/problems/{code}")]
async fn problem_page(
    request: HttpRequest,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let code = Code::ALL
        .iter()
        .find(|known| known.as_str() == code.as_str())
        .ok_or_else(|| Problem::not_found("problem"))?;
    let language = spoken(request.headers());
    let guide = code.guide(language);
    let [cause, remedy, retry] = match language {
        Language::English => ["Cause", "What to do", "Try again?"],
        Language::Chinese => ["原因", "处理方法", "能否重试"],
    };
    let body = format!(
        "<p><strong>{}</strong> <code>{}</code></p><h2>{cause}</h2><p>{}</p><h2>{remedy}</h2><p>{}</p>\
         <h2>{retry}</h2><p>{}</p><p><a href=\"/problems\">/problems</a></p>",
        code.status(),
        code.as_str(),
        guide.cause,
        guide.remedy,
        guide.retry.text(language),
    );
    Ok(page(language, code.title(language), &body))
}

fn page(language: Language, title: &str, body: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_LANGUAGE, language.code()))
        .insert_header((header::VARY, "Accept-Language"))
        .body(format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>body{{font-family:sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}\
             td{{padding:.3rem .8rem .3rem 0;vertical-align:top}}</style></head><body><h1>{title}</h1>{body}</body></html>",
            language.code()
        ))
}
