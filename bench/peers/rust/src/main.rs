//! bench/peers/rust -- the routes of the benchmarks on axum, socketioxide and tokio-postgres.
//! Usage: bench-peer PORT DIRECTORY [SOCKET_DIRECTORY]: files below /bench/ui, and where PostgreSQL listens.

use std::borrow::Cow;
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, serve::ListenerExt};
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpListener;
use tokio_postgres::{Client, Config, NoTls, Statement};
use tower_http::services::ServeDir;

const CONNECTIONS: usize = 8;
const READ_BYTES: usize = 1024; // of a socket, instead of 4096: the messages are short, and an idle one takes less
const READ: &str = "select aid as id, bid as branch, abalance as balance from pgbench_accounts where aid = $1";

// ---- a body that is validated: text is borrowed from it wherever it has no escapes ----

#[derive(Deserialize, Serialize)]
struct Tag<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    price: i64,
    #[serde(borrow)]
    tags: Vec<Tag<'a>>,
    active: bool,
}

#[derive(Serialize)]
struct Priced<'a> {
    id: &'a str,
    name: &'a str,
    price: i64,
    tags: &'a [Tag<'a>],
    active: bool,
    total: i64,
}

fn fits(text: &str, max: usize) -> bool {
    text.len() <= max || text.chars().count() <= max
}

impl Item<'_> {
    fn wrong(&self) -> Option<&'static str> {
        match self {
            _ if !fits(&self.id, 64) => Some("id"),
            _ if !fits(&self.name, 100) => Some("name"),
            _ if !(1..=1_000_000_000).contains(&self.price) => Some("price"),
            _ if self.tags.len() > 10 || !self.tags.iter().all(|tag| fits(&tag.0, 40)) => Some("tags"),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    path: &'static str,
}

fn refuse(status: StatusCode, path: &'static str) -> Response {
    (status, Json(Refusal { error: status.canonical_reason().unwrap_or(""), path })).into_response()
}

async fn item(body: Bytes) -> Response {
    let Ok(item) = serde_json::from_slice::<Item>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "");
    };
    if let Some(path) = item.wrong() {
        return refuse(StatusCode::BAD_REQUEST, path);
    }
    let Item { id, name, price, tags, active } = &item;
    Json(Priced { id, name, price: *price, tags, active: *active, total: price * 2 }).into_response()
}

// ---- a row by its primary key: connections take turns, and each one pipelines ----

struct Pool {
    clients: Vec<(Client, Statement)>,
    next: AtomicUsize,
}

#[derive(Serialize)]
struct Row {
    id: i32,
    branch: i32,
    balance: i32,
}

impl Pool {
    async fn connect(directory: &str) -> Result<Arc<Pool>, tokio_postgres::Error> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let (client, connection) =
                Config::new().host_path(directory).user("human").dbname("human").connect(NoTls).await?;
            tokio::spawn(connection);
            let statement = client.prepare(READ).await?;
            clients.push((client, statement));
        }
        Ok(Arc::new(Pool { clients, next: AtomicUsize::new(0) }))
    }
}

async fn row(State(pool): State<Arc<Pool>>, Path(id): Path<i32>) -> Response {
    if id < 1 {
        return refuse(StatusCode::BAD_REQUEST, "id");
    }
    let (client, statement) = &pool.clients[pool.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS];
    match client.query_opt(statement, &[&id]).await {
        Ok(Some(row)) => Json(Row { id: row.get(0), branch: row.get(1), balance: row.get(2) }).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "id"),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, ""),
    }
}

// ---- Socket.IO: the message's shape is declared, as one does in Rust ----

#[derive(Deserialize, Serialize)]
struct Participant {
    id: String,
    nickname: String,
}

#[derive(Deserialize, Serialize)]
struct Message {
    id: String,
    content: String,
    participant: Participant,
}

async fn connected(socket: SocketRef) {
    socket.join("all");
    socket.on("message", async |socket: SocketRef, Data(message): Data<Message>| {
        socket.emit("message", &message).ok();
    });
    socket.on("broadcast", async |io: SocketIo, Data(message): Data<Message>| {
        io.to("all").emit("message", &message).await.ok();
    });
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().collect();
    let (service, io) = SocketIo::builder().req_path("/bench.io").ws_read_buffer_size(READ_BYTES).build_svc();
    io.ns("/", connected);
    let mut app = Router::new()
        .route("/bench/json", post(item))
        .route_service("/bench.io/", service)
        .nest_service("/bench/ui", ServeDir::new(&arguments[2]));
    if let Some(directory) = arguments.get(3) {
        app = app.route("/bench/rows/{id}", get(row).with_state(Pool::connect(directory).await?));
    }
    let listener = TcpListener::bind(("127.0.0.1", arguments[1].parse()?)).await?;
    Ok(axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or(())), app).await?)
}

// One thread: on one core a worker beside the main thread is no faster.  The allocator is the system's: mimalloc is no
// faster here, and takes 12 KB more for an idle socket.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}
