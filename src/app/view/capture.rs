//! Commands that capture a pod's packets, for a person to run: this program creates nothing.

use std::fmt::Write as _;

use crate::mesh::model::Key;

/// An image with tcpdump, for `kubectl debug`.
const IMAGE: &str = "nicolaka/netshoot";

/// What reads the packets in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// The screen.
    Screen,
    /// `traffic`.
    Headless,
}

/// tcpdump's words: TCP on the first interface, to a port if one is given.
pub fn words(port: Option<u16>) -> Vec<String> {
    let filter = match port {
        Some(port) => format!("tcp and dst port {port}"),
        None => "tcp".to_owned(),
    };
    let fixed = ["tcpdump", "-n", "-U", "-s", "256", "-w", "-"].map(str::to_owned);
    fixed.into_iter().chain([filter]).collect()
}

/// The flags that name a cluster, for kubectl as for us: each with a blank before it.
pub fn cluster_flags(kubeconfig: Option<&str>, context: Option<&str>) -> String {
    let mut flags = String::new();
    for (flag, value) in [("--kubeconfig", kubeconfig), ("--context", context)] {
        if let Some(value) = value {
            let _ = write!(flags, " {flag} {}", quoted(value));
        }
    }
    flags
}

/// What captures in a container of its own beside those of the pod: a person may create it.
pub fn debug(flags: &str, pod: &Key, container: Option<&str>, port: Option<u16>, reader: Reader) -> String {
    let command: Vec<String> = words(port).iter().map(|word| quoted(word)).collect();
    let target = container.map_or_else(String::new, |name| format!(" --target={}", quoted(name)));
    let port = port.map_or_else(String::new, |port| format!(" --dst-port {port}"));
    format!(
        "kubectl{flags} -n {} debug {} -q -i --image={IMAGE} --profile=netadmin{target} -- {} | {}{port}",
        quoted(&pod.namespace),
        quoted(&pod.name),
        command.join(" "),
        read(flags, pod, reader, "--pcap -")
    )
}

/// Our own command that reads packets of a pod from this source.
pub fn read(flags: &str, pod: &Key, reader: Reader, source: &str) -> String {
    let pod = quoted(&format!("{}.{}", pod.name, pod.namespace));
    match reader {
        Reader::Screen => format!("sidescope{flags} --pod {pod} {source}"),
        Reader::Headless => format!("sidescope{flags} traffic {pod} {source}"),
    }
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readers_are_told_of_the_same_cluster() {
        let flags = cluster_flags(Some("my config"), Some("kind-a"));
        let pod = Key::new("shop", "cart-1");
        let head = "kubectl --kubeconfig 'my config' --context kind-a -n shop debug cart-1 -q -i --image=nicolaka/netshoot \
                    --profile=netadmin";
        assert_eq!(
            debug(&flags, &pod, Some("cart"), Some(80), Reader::Headless),
            format!(
                "{head} --target=cart -- tcpdump -n -U -s 256 -w - 'tcp and dst port 80' | sidescope --kubeconfig 'my config' \
                 --context kind-a traffic cart-1.shop --pcap - --dst-port 80"
            )
        );
        assert_eq!(
            debug(&flags, &pod, None, None, Reader::Screen),
            format!(
                "{head} -- tcpdump -n -U -s 256 -w - tcp | sidescope --kubeconfig 'my config' --context kind-a --pod \
                 cart-1.shop --pcap -"
            )
        );
    }
}
