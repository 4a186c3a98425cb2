//! `boxoffice admin`: what operators do. Keys are made and exports read on the database itself, while servers run: the
//! first key cannot be asked for with a key, and an export shows the rows of one moment and puts no load on a sale.
//! Everything else goes to a running server through its HTTP API, which alone may write to an embedded database that it
//! sells from.

mod answer;
mod change;
pub mod export;
pub mod keys;
mod layout;
mod seats;
mod server;
pub mod show;
mod verbs;

pub use server::Unheard;

use boxoffice_server::Failure;
use clap::Subcommand;
use server::{Asked, ask};

/// What to do.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Admin {
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused or failed, 2 not a command line that is understood, \
    3 no answer from the server.\nWhat no verb is for: boxoffice admin call METHOD PATH.";

// A verb is a line here, a line in `run`, and a struct in `verbs` that says what it asks for.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Keys of operators and of tokens, on the database itself
    #[command(subcommand)]
    Key(keys::KeyVerb),
    /// Concerts
    #[command(subcommand)]
    Concert(ConcertVerb),
    /// Dates of a concert
    #[command(subcommand)]
    Date(DateVerb),
    /// Layouts of halls: makes, reads, checks, writes and adds them
    #[command(subcommand)]
    Layout(layout::LayoutVerb),
    /// Opens and closes a sale, now or at a time
    #[command(subcommand)]
    Sale(SaleVerb),
    /// Pauses, resumes and steers a waiting queue
    #[command(subcommand)]
    Queue(QueueVerb),
    /// Gives the value of a draw's public source, once
    Draw(Asked<verbs::Draw>),
    /// A user's balance: shows it, adds money, takes money
    #[command(subcommand)]
    Wallet(WalletVerb),
    /// A payment: shows it with what went back, gives back money and seats
    #[command(subcommand)]
    Payment(PaymentVerb),
    /// Tickets of a date, and the keys that doors verify them with
    #[command(subcommand)]
    Ticket(TicketVerb),
    /// A sale in figures
    Figures(Asked<verbs::Figures>),
    /// Work that goes on after its request, and what it did
    #[command(subcommand)]
    Job(JobVerb),
    /// What happened, read on from a cursor
    Events(Asked<verbs::Events>),
    /// Bookings, or sales by date and grade, as CSV: from the database itself
    #[command(subcommand)]
    Export(export::ExportVerb),
    /// Any request of the API with the operator's key
    Call(Asked<verbs::Call>),
}

#[derive(Debug, Subcommand)]
enum ConcertVerb {
    /// Makes a concert: by flags, by a JSON file as the API takes it, or by both
    Create(Box<Asked<verbs::CreateConcert>>),
    /// Changes a concert: what is told of it while nothing is held or sold, its times and limits always
    Edit(Box<Asked<change::EditConcert>>),
    /// Sets the concert's poster: a PNG, JPEG or WebP file of 512 kB at most; or takes it away
    Poster(Asked<change::SetPoster>),
    /// Deletes a concert with its dates, while nothing of it is held or sold
    Delete(Asked<change::DeleteConcert>),
    /// Lists the concerts that are not over
    List(Asked<verbs::ListConcerts>),
    /// Shows a concert as the public sees it
    Show(Asked<verbs::ShowConcert>),
}

#[derive(Debug, Subcommand)]
enum DateVerb {
    /// Adds a date with its seats
    Add(Asked<verbs::AddDate>),
    /// Moves a date of which nothing is held or sold, sets zones and prices of free seats, adds seats
    Edit(Asked<change::EditDate>),
    /// Bookings of a date as CSV, as `export bookings` has them
    Bookings(Asked<change::DateBookings>),
    /// Deletes a date of which nothing is held or sold
    Delete(Asked<change::DeleteDate>),
    /// Takes free seats off the sale, or puts blocked ones on it again
    Seats(Asked<change::SetSeats>),
    /// Cancels a date for good; a job gives back what was taken of it
    Cancel(Asked<change::CancelDate>),
}

#[derive(Debug, Subcommand)]
enum JobVerb {
    /// Shows how far a job is, and what it did
    Show(Asked<verbs::ShowJob>),
    /// Lists jobs, the newest first
    List(Asked<verbs::ListJobs>),
}

#[derive(Debug, Subcommand)]
enum SaleVerb {
    /// Opens the sale now
    Open(Asked<verbs::OpenSale>),
    /// Closes the sale now
    Close(Asked<verbs::CloseSale>),
    /// Sets when the sale opens and closes, as announced
    Set(Asked<change::SetSale>),
}

#[derive(Debug, Subcommand)]
enum WalletVerb {
    /// Shows a user's balance
    Show(Asked<change::ShowWallet>),
    /// Adds money that came in outside of the system
    Credit(Asked<change::Credit>),
    /// Takes money, never more than is there
    Debit(Asked<change::Debit>),
}

#[derive(Debug, Subcommand)]
enum PaymentVerb {
    /// Shows a payment with its seats and what went back of it
    Show(Asked<change::ShowPayment>),
    /// Gives back what was paid: all of it, seats, or an amount; never more than was paid
    Refund(Asked<change::RefundPayment>),
}

#[derive(Debug, Subcommand)]
enum TicketVerb {
    /// Lists the tickets of a date, valid and void, by seat
    List(Asked<change::ListTickets>),
    /// Shows the public keys that tickets are verified with
    Keys(Asked<change::ShowTicketKeys>),
}

#[derive(Debug, Subcommand)]
enum QueueVerb {
    /// Adds a queue, which sells the same seats as the others
    Add(Asked<verbs::AddQueue>),
    /// Lets nobody in until it is resumed
    Pause(Asked<verbs::PauseQueue>),
    /// Lets people in again
    Resume(Asked<verbs::ResumeQueue>),
    /// Changes how many are let in
    Set(Asked<verbs::SetQueue>),
    /// Shows the queue as the public sees it
    Show(Asked<verbs::ShowQueue>),
}

/// Runs the verb.
///
/// # Errors
/// It was refused, or failed; [`Unheard`] where the server did not answer.
pub fn run(admin: Admin) -> Result<(), Failure> {
    match admin.verb {
        Verb::Key(verb) => keys::run(verb),
        Verb::Export(verb) => export::run(verb),
        Verb::Layout(verb) => layout::run(verb),
        Verb::Concert(ConcertVerb::Create(asked)) => ask(*asked),
        Verb::Concert(ConcertVerb::Edit(asked)) => ask(*asked),
        Verb::Concert(ConcertVerb::Delete(asked)) => ask(asked),
        Verb::Concert(ConcertVerb::List(asked)) => ask(asked),
        Verb::Concert(ConcertVerb::Show(asked)) => ask(asked),
        Verb::Date(DateVerb::Add(asked)) => ask(asked),
        Verb::Date(DateVerb::Edit(asked)) => ask(asked),
        Verb::Date(DateVerb::Bookings(asked)) => ask(asked),
        Verb::Date(DateVerb::Delete(asked)) => ask(asked),
        Verb::Date(DateVerb::Seats(asked)) => ask(asked),
        Verb::Date(DateVerb::Cancel(asked)) => ask(asked),
        Verb::Job(JobVerb::Show(asked)) => ask(asked),
        Verb::Job(JobVerb::List(asked)) => ask(asked),
        Verb::Sale(SaleVerb::Open(asked)) => ask(asked),
        Verb::Sale(SaleVerb::Close(asked)) => ask(asked),
        Verb::Sale(SaleVerb::Set(asked)) => ask(asked),
        Verb::Wallet(WalletVerb::Show(asked)) => ask(asked),
        Verb::Wallet(WalletVerb::Credit(asked)) => ask(asked),
        Verb::Wallet(WalletVerb::Debit(asked)) => ask(asked),
        Verb::Queue(QueueVerb::Add(asked)) => ask(asked),
        Verb::Payment(PaymentVerb::Show(asked)) => ask(asked),
        Verb::Payment(PaymentVerb::Refund(asked)) => ask(asked),
        Verb::Queue(QueueVerb::Pause(asked)) => ask(asked),
        Verb::Queue(QueueVerb::Resume(asked)) => ask(asked),
        Verb::Queue(QueueVerb::Set(asked)) => ask(asked),
        Verb::Ticket(TicketVerb::List(asked)) => ask(asked),
        Verb::Ticket(TicketVerb::Keys(asked)) => ask(asked),
        Verb::Queue(QueueVerb::Show(asked)) => ask(asked),
        Verb::Concert(ConcertVerb::Poster(asked)) => ask(asked),
        Verb::Draw(asked) => ask(asked),
        Verb::Figures(asked) => ask(asked),
        Verb::Events(asked) => ask(asked),
        Verb::Call(asked) => ask(asked),
    }
}
