//! `netterms token`: tokens for the shared-secret set-up.

use clap::Args;

use super::Failure;
use crate::platform::http::auth::{TokenRequest, is_of_the_house, mint};
use crate::server::Config;
use kernel::caller::Role;
use kernel::text::Subject;

#[derive(Args)]
pub struct Options {
    /// A role of the token: sales, credit, finance, auditor, system or admin. May be repeated.
    #[arg(long = "role", required = true)]
    roles: Vec<Role>,
    /// Who the token speaks for.
    #[arg(long)]
    subject: Subject,
    /// The level in the policy's authority matrix.
    #[arg(long)]
    authority_level: Option<u8>,
    /// How long the token holds; one day at most.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u64).range(1..=1440))]
    ttl_minutes: u64,
}

pub fn run(config: &Config, options: &Options) -> Result<(), Failure> {
    if is_of_the_house(&options.subject) {
        return Err(format!(
            "{} is a name of the service itself: no token speaks for it",
            options.subject
        )
        .into());
    }
    let request = TokenRequest {
        subject: options.subject.clone(),
        roles: options.roles.clone(),
        authority_level: options.authority_level,
        lifetime_seconds: options.ttl_minutes * 60,
    };
    println!("{}", mint(&config.shared_secret()?, &request)?);
    Ok(())
}
