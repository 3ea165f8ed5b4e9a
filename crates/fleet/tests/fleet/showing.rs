//! The dashboard: what it shows, and what it lets nobody do.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use contentcheck_fleet::{Daemon, Dashboard, Recounter, Shard, Source};
use contentcheck_rollout::report::What;

use crate::http::{get, post};
use crate::world::{Outcome, START, World};

fn shown(world: &World, hooks: Vec<String>) -> Outcome<Daemon> {
    shown_to(world, hooks, None)
}

fn shown_to(world: &World, hooks: Vec<String>, otlp: Option<String>) -> Outcome<Daemon> {
    let reports = Recounter::new(world.rolls()?, Source::directory(world.path("reports")));
    let dashboard = Dashboard {
        log: world.follower()?,
        reports: Some(reports),
        hooks,
        otlp,
        clock: world.hands.clock(),
        stopped: None,
        elsewhere: None,
    };
    Ok(dashboard.start(TcpListener::bind("127.0.0.1:0")?)?)
}

/// Asks until an answer is as it should be.
fn until(daemon: &Daemon, path: &str, is: impl Fn(&str) -> bool) -> Outcome<String> {
    let begun = Instant::now();
    loop {
        let text = get(daemon.address(), path)?.text();
        if is(&text) {
            return Ok(text);
        }
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(format!("{path}: {text}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_rollout_is_shown_as_it_is() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let empty = shown(&world, Vec::new())?;
    assert!(get(empty.address(), "/")?.text().contains("no rollout is in the log"));
    empty.stop();
    world.plan("<script>alert(1)</script> & \"7\"", 7)?;
    world.cosign()?;
    world.start()?;
    let collector = world.collect(Shard::default(), world.hands.clock())?;
    let ring = world.ring(0);
    let body: Vec<u8> = ring.iter().flat_map(|device| world.report(*device, 1, What::Receipt)).collect();
    assert_eq!(post(collector.address(), "/v1/reports", &body)?.status, 200);
    world.hands.set(START + 100);
    let daemon = shown(&world, Vec::new())?;
    let receipts = format!("\"receipts\":{}", ring.len());
    let json = until(&daemon, "/v1/status", |text| text.contains(&receipts))?;
    let json: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!((&json["rollout"]["phase"], &json["rollout"]["ring"]), (&"open".into(), &0.into()));
    assert_eq!(json["rollout"]["rings"][0]["live"], true);
    assert_eq!(json["rollout"]["next"]["earliest"], START + 4 * 60 * 60);
    assert!(json["rollout"]["next"]["missing"][1].as_str().is_some_and(|text| text.contains("0 of 10")), "{json}");
    let read: contentcheck_fleet::Status = serde_json::from_value(json)?;
    assert!(!read.log.is_witnessed(), "the opening is not signed for yet");
    let id = read.rollout.as_ref().map(|rollout| rollout.id.clone()).unwrap_or_default();
    assert_eq!(get(daemon.address(), &format!("/rollouts/{id}.json"))?.text(), "{\"live\":true,\"ring\":0}");
    for other in ["x.json", "x", &id] {
        assert_eq!(get(daemon.address(), &format!("/rollouts/{other}"))?.status, 404);
    }
    let page = get(daemon.address(), "/")?;
    assert!(!page.text().contains("<script"), "a name is no markup");
    assert!(page.text().contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;7&quot;"));
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(get(daemon.address(), "/style.css")?.status, 200);
    let metrics = get(daemon.address(), "/metrics")?;
    assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text")));
    let metrics = metrics.text();
    assert!(metrics.ends_with("# EOF\n"));
    assert!(
        metrics
            .contains("contentcheck_group_receipts{ring=\"dogfood\",number=\"0\",group=\"linux/6.12 + windows/11\"}"),
        "{metrics}"
    );
    assert!(metrics.contains("release=\"<script>alert(1)</script> & \\\"7\\\"\""), "{metrics}");
    for path in ["/v1/status", "/", "/metrics"] {
        assert_eq!(post(daemon.address(), path, b"x")?.status, 405, "it changes nothing");
    }
    assert_eq!(get(daemon.address(), "/healthz")?.status, 200);
    assert!(page.text().contains("<h2>Ring 0: dogfood</h2>"), "rings have one number everywhere");
    // A collector that is gone is a reason to look, and what is shown is no longer fresh.
    collector.stop();
    world.hands.set(START + 100 + 20 * 60);
    let late = until(&daemon, "/", |page| page.contains("no report was taken in for"))?;
    assert!(late.contains("class=\"amber\"") && late.contains("2 of 2 witnesses have not signed"), "{late}");
    assert_eq!(get(daemon.address(), "/healthz")?.status, 503);
    // What cannot be read any more is said.
    std::fs::rename(world.path("log/checkpoint"), world.path("log/gone"))?;
    until(&daemon, "/", |page| page.contains("What is below may be old"))?;
    assert_eq!(get(daemon.address(), "/healthz")?.status, 503);
    Ok(())
}

#[test]
fn a_change_of_phase_is_told_and_told_again_until_it_is_heard() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    world.opened()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        // The first try is answered with a failure.
        for (number, mut stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut bytes = Vec::new();
            let mut part = [0; 4_096];
            while !String::from_utf8_lossy(&bytes).contains("\"at\":") {
                let read = stream.read(&mut part).unwrap_or(0);
                if read == 0 {
                    break;
                }
                bytes.extend(&part[..read]);
            }
            let status = if number == 0 { "503 Busy" } else { "204 Fine" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _ = told.send(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    let dead = "http://127.0.0.1:9/nobody".to_owned();
    let daemon = shown(&world, vec![dead, url])?;
    until(&daemon, "/v1/status", |text| text.contains("\"phase\":\"open\""))?;
    // The first look is at what is there; nothing is told.
    assert!(heard.recv_timeout(Duration::from_secs(1)).is_err());
    world.halt("a look at it first")?;
    for _ in 0..2 {
        let request = heard.recv_timeout(Duration::from_secs(20))?;
        assert!(request.starts_with("POST /hook") && request.contains("\"phase\":\"halted\""), "{request}");
        assert!(request.contains("a look at it first"));
    }
    assert!(heard.recv_timeout(Duration::from_secs(7)).is_err(), "once it is heard it is not told again");
    let page = get(daemon.address(), "/")?.text();
    assert!(page.contains("HALTED") && page.contains("a look at it first") && page.contains("class=\"red\""));
    // Nor is it forgotten that nobody hears at the other address; what its path says stays between the two.
    let unheard = "the hook http://127.0.0.1:9 was not told that content 7 is halted: ";
    let page = until(&daemon, "/", |page| page.contains(unheard))?;
    assert!(!page.contains("/nobody"), "{page}");
    daemon.stop();
    assert!(shown(&world, vec!["ftp://127.0.0.1/".into()]).is_err());
    Ok(())
}

/// One request of each connection: its head, and its body as JSON.
fn requests(listener: TcpListener, status: &'static str) -> mpsc::Receiver<(String, serde_json::Value)> {
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut bytes, mut part) = (Vec::new(), [0; 65_536]);
            let parsed = loop {
                let read = stream.read(&mut part).unwrap_or(0);
                bytes.extend(part.get(..read).unwrap_or(&[]));
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let whole = text.split_once("\r\n\r\n").and_then(|(head, body)| {
                    serde_json::from_str(body).ok().map(|body: serde_json::Value| (head.to_owned(), body))
                });
                if whole.is_some() || read == 0 {
                    break whole;
                }
            };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}");
            if parsed.is_none_or(|parsed| told.send(parsed).is_err()) {
                return;
            }
        }
    });
    heard
}

/// What a collector of OpenTelemetry gets is what is shown as OpenMetrics, value by value.
#[test]
fn metrics_are_sent_to_a_collector() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    world.opened()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let heard = requests(listener, "200 OK");
    let daemon = shown_to(&world, Vec::new(), Some(url))?;
    // The first look may be before anything was counted; a light that changes is sent at once.
    let (head, body) = heard.recv_timeout(Duration::from_secs(20))?;
    assert!(head.starts_with("POST /v1/metrics HTTP/1.1") && head.contains("application/json"), "{head}");
    let of_resource = &body["resourceMetrics"][0];
    let attributes = of_resource["resource"]["attributes"].to_string();
    assert!(attributes.contains("\"stringValue\":\"contentcheck-rollout\""), "{attributes}");
    let metrics = of_resource["scopeMetrics"][0]["metrics"].as_array().ok_or("no metrics")?;
    let mut sent = Vec::new();
    for metric in metrics {
        let name = metric["name"].as_str().ok_or("no name")?;
        assert!(metric["description"].as_str().is_some_and(|text| text.ends_with('.')), "{metric}");
        for point in metric["gauge"]["dataPoints"].as_array().ok_or("no points")? {
            // 64-bit numbers are strings in the JSON of protocol buffers.
            assert!(point["timeUnixNano"].as_str().is_some_and(|time| time.ends_with("000000000")), "{point}");
            let value = point["asInt"].as_str().ok_or("no value")?;
            let labels = point["attributes"].as_array().ok_or("no attributes")?.iter();
            let labels: Vec<String> = labels
                .map(|of| format!("{}={}", of["key"].as_str().unwrap_or("?"), of["value"]["stringValue"]))
                .collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            sent.push(format!("{name}{labels} {value}"));
        }
    }
    let text = until(&daemon, "/metrics", |text| text.contains("contentcheck_group_receipts"))?;
    let shown: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(sent, shown);
    world.halt("a look at it first")?;
    let (_, red) = heard.recv_timeout(Duration::from_secs(20))?;
    assert!(red.to_string().contains("\"halted\""), "{red}");
    daemon.stop();
    // A collector that does not take them is a reason to look.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let _heard = requests(listener, "503 Busy");
    let daemon = shown_to(&world, Vec::new(), Some(url))?;
    until(&daemon, "/", |page| page.contains("did not take them: it was answered with status 503"))?;
    daemon.stop();
    assert!(shown_to(&world, Vec::new(), Some("collector:4318".into())).is_err());
    Ok(())
}

#[test]
fn a_rollout_without_a_collector_says_how_one_runs() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    world.opened()?;
    world.hands.set(START + 120);
    let daemon = shown(&world, Vec::new())?;
    let page = until(&daemon, "/", |page| page.contains("no collector has run yet"))?;
    assert!(page.contains("contentcheck rollout collect") && page.contains("class=\"amber\""), "{page}");
    let health = get(daemon.address(), "/healthz")?;
    assert!(health.status == 503 && health.text().contains("no collector has run yet"));
    Ok(())
}

/// Reports that the log has evidence of and that are gone are no light that is green, whatever the collector says of the rest.
#[test]
fn reports_that_were_counted_and_are_gone_are_shown() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let id = world.opened()?;
    let collector = world.collect(Shard::default(), world.hands.clock())?;
    let ring = world.ring(0);
    let body: Vec<u8> = ring.iter().flat_map(|device| world.report(*device, 1, What::Receipt)).collect();
    assert_eq!(post(collector.address(), "/v1/reports", &body)?.status, 200);
    collector.stop();
    world.hands.set(START + 100);
    world.collect(Shard::default(), world.hands.clock())?.stop();
    let source = Source::directory(world.path("reports"));
    let until = source.settled_until(&id)?.ok_or("nothing is settled")?;
    let state = world.book.state();
    let rollout = state.newest().ok_or("no rollout")?;
    let evidence = Recounter::new(world.rolls()?, source).evidence(state, rollout, 0, until)?;
    world.evidence(evidence)?;
    world.cosign()?;
    let daemon = shown(&world, Vec::new())?;
    let green = until_of(&daemon, "\"light\":\"green\"")?;
    assert!(!green.contains("\"trouble\""), "{green}");
    // Half of them, and a collector that ran on.
    let file = world.path("reports").join(id.to_string()).join("0.reports");
    let bytes = std::fs::read(&file)?;
    let left = &bytes[..bytes.len() / 208 / 2 * 208];
    let settled = format!("until {}\n{id} {}\n", START + 200, left.len());
    std::fs::write(&file, left)?;
    std::fs::write(world.path("reports/0.settled"), settled)?;
    world.hands.set(START + 200);
    let amber = until_of(&daemon, "reports that were counted are gone")?;
    assert!(amber.contains("\"light\":\"amber\"") && amber.contains("\"trouble\""), "{amber}");
    assert_eq!(get(daemon.address(), "/healthz")?.status, 503);
    assert!(get(daemon.address(), "/metrics")?.text().contains("contentcheck_light 1"));
    Ok(())
}

fn until_of(daemon: &Daemon, says: &str) -> Outcome<String> {
    until(daemon, "/v1/status", |text| text.contains(says))
}
