// spec/clients/rust/src/main.rs -- the Rust client, as clients.test.mjs drives it: commands on standard input, what
// happens on standard output, a line each.

use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::Value;
use std::sync::OnceLock;
use std::{env, io, time::Duration};

static CLIENT: OnceLock<Client> = OnceLock::new();

fn say(line: String) {
    println!("{line}");
}

fn given(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
}

// What a payload says first: JSON, or bytes.
fn first(payload: &Payload) -> String {
    match payload {
        Payload::Text(values) => values.first().map(Value::to_string).unwrap_or_default(),
        Payload::Binary(bytes) => hex(bytes),
        _ => String::from("?"),
    }
}

// All that is said in the handshake is in the query, since only the address may change for a reconnection.
fn address(last_seq: &str) -> String {
    let (url, path, agent, key) = (given("URL_"), given("ENGINE_PATH"), given("AGENT"), given("KEY"));
    format!("{url}{path}?agentId={agent}&apiKey={key}&lastSeq={last_seq}")
}

fn take(payload: &Payload) {
    if let (Payload::Text(values), Some(client)) = (payload, CLIENT.get()) {
        client.set_reconnect_url(address(&values[0]["seq"].to_string())).expect("an address");
    }
    say(format!("action {}", first(payload)));
}

fn connect() -> Client {
    let transport = if given("TRANSPORT") == "polling" { TransportType::Polling } else { TransportType::Websocket };
    ClientBuilder::new(address(""))
        .transport_type(transport)
        .reconnect_delay(50, 200)
        .on(Event::Connect, |_, _| say("connected".into()))
        .on(Event::Close, |_, _| say("disconnected".into()))
        .on("message", |payload, _| take(&payload))
        .on("message-back", |payload, _| say(format!("back {}", first(&payload))))
        .connect()
        .expect("it connects")
}

fn obey(client: &Client, word: &str, rest: &str) {
    let patience = Duration::from_secs(10);
    let done = match word {
        "emit" => {
            let event: Value = serde_json::from_str(rest).expect("JSON");
            client.emit_with_ack("message", event, patience, |payload, _| {
                let Payload::Text(values) = &payload else { return };
                say(format!("ack {}", values[0][0])); // all of the acknowledgement's arguments are one value
            })
        }
        "bytes" => client.emit("message", Payload::Binary(unhex(rest).into())),
        "ask" => client.emit_with_ack("message-with-ack", Payload::Binary(unhex(rest).into()), patience, |payload, _| {
            say(format!("answer {}", first(&payload)))
        }),
        _ => return say(format!("unknown {word}")),
    };
    if let Err(error) = done {
        say(format!("failed {error}"));
    }
}

fn main() {
    let client = CLIENT.get_or_init(connect);
    for line in io::stdin().lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        obey(client, word, rest);
    }
    let _ = client.disconnect();
}
