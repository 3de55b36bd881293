//! What ordinary libraries do within their own limits. Each function needs as much stack as its
//! library takes for that.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

/// By name.
pub const ALL: [(&str, fn()); 10] = [
    ("flate2", compression),
    ("regex", expressions),
    ("rusqlite: 490 × union all", unions),
    ("rusqlite: 990 × ||", concatenations),
    ("rusqlite: 900 × or", alternatives),
    ("rusqlite: 90 calls", calls),
    ("rusqlite: 20 subqueries", subqueries),
    ("rustls", handshake),
    ("serde_json", nested_json),
    ("toml", nested_toml),
];

/// Five bytes and a megabyte, there and back, at every level.
fn compression() {
    let large: Vec<u8> = (0..1_u32 << 18)
        .flat_map(|n| n.wrapping_mul(n).to_le_bytes())
        .collect();
    for data in [b"hello".as_slice(), &large] {
        for level in [0, 1, 6, 9] {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(data).expect("a vector takes everything");
            let packed = encoder.finish().expect("a vector takes everything");
            let mut unpacked = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(&*packed);
            decoder.read_to_end(&mut unpacked).expect("what was packed");
            assert!(unpacked == data);
        }
    }
}

/// Thirty groups in one another, a long alternation, and Unicode classes; and what they match. (Of
/// groups the crate allows 80: not optimised, that takes 1.9 MiB.)
fn expressions() {
    let depth = 30;
    let groups = format!("^{}a{}$", "(".repeat(depth), "|b)*".repeat(depth));
    assert!(
        regex::Regex::new(&groups)
            .expect("within the limit")
            .is_match("ab")
    );
    let words: Vec<_> = (0..2000).map(|n| format!("word{n}")).collect();
    let words = regex::Regex::new(&words.join("|")).expect("an alternation");
    assert_eq!(words.find_iter(&"a word1999, a word7 ".repeat(100)).count(), 200);
    let classes = regex::RegexBuilder::new(r"(?i)(?:\p{L}+[\w\d]*\s?){1,20}")
        .size_limit(64 << 20)
        .build()
        .expect("classes");
    assert_eq!(classes.replace_all("Straße und Weg 1", "x"), "x1");
}

/// What a statement gives that is deep where SQLite's parser and code generator recurse.
fn ask(sql: &str) -> String {
    let db = rusqlite::Connection::open_in_memory().expect("memory");
    db.execute_batch(
        "create table t(a integer primary key, b text); insert into t values (1, 'x'), (2, 'y')",
    )
    .expect("a table");
    db.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
        .map(|value| format!("{value:?}"))
        .unwrap_or_else(|error| panic!("{error}: {}", &sql[..sql.len().min(80)]))
}

/// SQLite allows 500 parts.
fn unions() {
    let parts = vec!["select a from t"; 490].join(" union all ");
    assert_eq!(ask(&parts), "Integer(1)");
    assert_eq!(ask(&format!("select count(*) from ({parts})")), "Integer(980)");
}

/// SQLite allows an expression to be 1000 deep.
fn concatenations() {
    let text = ask(&format!("select {}", vec!["'x'"; 990].join(" || ")));
    assert!(text.starts_with("Text"));
}

fn alternatives() {
    // Not so simple that SQLite makes a list of them.
    let either: Vec<_> = (0..900).map(|n| format!("a * {n} < length(b) - {n}")).collect();
    let sql = format!("select count(*) from t where {}", either.join(" or "));
    assert_eq!(ask(&sql), "Integer(2)");
}

fn calls() {
    assert_eq!(
        ask(&format!("select {}1{}", "abs(".repeat(90), ")".repeat(90))),
        "Integer(1)"
    );
}

/// Queries in one another.
fn subqueries() {
    let sql = format!(
        "{}select a from t{}",
        "select a from (".repeat(20),
        ")".repeat(20)
    );
    assert_eq!(ask(&sql), "Integer(1)");
    let recursive =
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select sum(i) from n";
    assert_eq!(ask(recursive), "Integer(500500)");
}

/// A handshake of TLS 1.3 and one of 1.2, both ends in memory, and some data.
fn handshake() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a certificate");
    let certificate = key.cert.der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let private =
            rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .expect("a version that there is")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], private)
            .expect("a certificate and its key");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).expect("a root");
        let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .expect("a version that there is")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().expect("a name");
        let mut client = rustls::ClientConnection::new(Arc::new(client), name).expect("a client");
        let mut server = rustls::ServerConnection::new(Arc::new(server)).expect("a server");
        client.writer().write_all(b"hello").expect("room");
        let mut heard = [0; 5];
        while heard != *b"hello" {
            let mut wire = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut wire).expect("a vector");
            }
            let mut wire = Cursor::new(wire);
            while server.read_tls(&mut wire).expect("a cursor") > 0 {
                server.process_new_packets().expect("what the client sent");
            }
            let _ = server.reader().read(&mut heard);
            let mut wire = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut wire).expect("a vector");
            }
            let mut wire = Cursor::new(wire);
            while client.read_tls(&mut wire).expect("a cursor") > 0 {
                client.process_new_packets().expect("what the server sent");
            }
        }
    }
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

/// As deep as the crate reads by default (127), as a value and as a type.
fn nested_json() {
    let value = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    let value: serde_json::Value = serde_json::from_str(&value).expect("within the limit");
    assert_eq!(serde_json::to_string(&value).expect("a string").len(), 255);
    let mut text = String::new();
    for n in 0..60 {
        write!(text, "{{\"name\": \"n{n}\", \"children\": [").expect("a string");
    }
    text += &"]}".repeat(60);
    let tree: Tree = serde_json::from_str(&text).expect("within the limit");
    assert!(
        serde_json::to_string_pretty(&tree)
            .expect("a string")
            .contains("n59")
    );
}

/// Arrays and inline tables in one another, nearly as deep as the crate reads (80), as a value and
/// as a type.
fn nested_toml() {
    let text = format!("a = {}1{}", "[".repeat(75), "]".repeat(75));
    let value: toml::Table = toml::from_str(&text).expect("within the limit");
    assert!(toml::to_string(&value).expect("a string").len() > 150);
    let mut text = String::from("root = ");
    for n in 0..35 {
        write!(text, "{{ name = \"n{n}\", children = [").expect("a string");
    }
    text += &"] }".repeat(35);
    #[derive(serde::Deserialize)]
    struct Document {
        root: Tree,
    }
    let document: Document = toml::from_str(&text).expect("within the limit");
    assert_eq!(document.root.children[0].name, "n1");
}
