//! `netterms demo`: a sandbox book of its own, a short tour of it, and a server to try things on.

mod client;
mod tour;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use base64::Engine as _;
use clap::Args;

use self::tour::Stays;
use super::Failure;
use super::serve::start_logging;
use crate::drill::{self, Figures, Plan, Showcase, Staff};
use crate::platform::db::Database;
use crate::server::config::ClockKind;
use crate::server::{Config, Services, react, start};

#[derive(Args)]
pub struct Options {
    /// What the book is drawn by: the same seed gives the same book.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many customers there are.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..=5_000))]
    customers: u16,
    /// An empty database to use, instead of one in a temporary folder that is removed at the end.
    #[arg(long)]
    database_url: Option<String>,
    /// Address and port to serve on.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Stop after the tour: nothing is served, and `listen` not looked at.
    #[arg(long)]
    no_serve: bool,
}

/// Draws the book, gives the tour, serves.
pub fn run(mut config: Config, options: &Options) -> Result<(), Failure> {
    let folder = Folder::new()?;
    config.database_url = match &options.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.0.join("demo.db").display()),
    };
    let stays = if options.no_serve {
        Stays::Ends
    } else {
        Stays::Serving
    };
    // A tour that nobody goes on after needs a server of its own alone, wherever there is room.
    match stays {
        Stays::Serving => config.listen.clone_from(&options.listen),
        Stays::Ends => "127.0.0.1:0".clone_into(&mut config.listen),
    }
    // Whoever has a secret of their own can mint further tokens with it.
    if config.jwt_secret.is_none() && config.jwt_secret_file.is_none() {
        config.jwt_secret = Some(random_secret()?);
    }
    config.clock = ClockKind::Turnable;
    "warn".clone_into(&mut config.log);
    start_logging(&config)?;
    let listener = TcpListener::bind(&config.listen)
        .map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
    let secret = config.shared_secret()?;
    let database = Database::open(&config.database(), config.clock()?)?;
    database.migrate()?;
    react(&database);
    let (figures, showcase) = draw(&database, options)?;
    let guide = tour::Guide {
        staff: Staff::hire()?,
        secret,
        figures,
        showcase,
    };
    let house = Services::open(config, database)?;
    serve(house, listener, guide, stays)
}

fn serve(
    house: Services,
    listener: TcpListener,
    guide: tour::Guide,
    stays: Stays,
) -> Result<(), Failure> {
    actix_web::rt::System::new().block_on(async move {
        let server = start(house, listener)?;
        let (address, handle) = (server.address, server.handle.clone());
        let running = actix_web::rt::spawn(server.run());
        let toured = actix_web::web::block(move || guide.give(address, stays)).await?;
        if stays == Stays::Ends || toured.is_err() {
            handle.stop(true).await;
        } else {
            println!("\nServing on http://{address} until Ctrl-C.");
        }
        running.await??;
        toured
    })
}

/// Lives through the two years, and says how far it is.
fn draw(database: &Database, options: &Options) -> Result<(Figures, Showcase), Failure> {
    let started = Stopwatch::now();
    let plan = Plan {
        seed: options.seed,
        customers: usize::from(options.customers),
    };
    println!(
        "Two years of trade credit, drawn with seed {}:\n",
        plan.seed
    );
    let drawn = drill::live_through(database, plan, &mut |day, figures| {
        println!(
            "  {day}   customers {:>5}   invoices {:>7}   receipts {:>7}   dunning notices {:>5}",
            figures.customers,
            tour::grouped_count(figures.invoices),
            tour::grouped_count(figures.receipts),
            figures.notices,
        );
        let _ = std::io::stdout().flush();
    })
    .map_err(|problem| format!("the book can't be drawn: {problem}; the database must be empty"))?;
    let spent = started.elapsed();
    println!(
        "\n  done in {}.{} s",
        spent.as_secs(),
        spent.subsec_millis() / 100
    );
    Ok(drawn)
}

/// A secret that nobody has had before: the tokens of one demo are worthless in the next.
fn random_secret() -> Result<String, Failure> {
    let mut bytes = [0; 48];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the machine gives no random numbers")?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// A temporary folder, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Folder> {
        let name = format!("netterms-demo-{}", uuid::Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is the operating system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
