//! Completion as a shell and kubectl ask for it: the real program, real bash, the built-in cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const SIDESCOPE: &str = env!("CARGO_BIN_EXE_sidescope");
const FOR_KUBECTL: &str = env!("CARGO_BIN_EXE_kubectl_complete-sidescope");

/// The built-in cluster, served until the end of a test, with a kubeconfig.
struct Cluster {
    child: Child,
    folder: TempDir,
}

impl Cluster {
    fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(SIDESCOPE);
        command.args(["demo", "--serve", "--kubeconfig-out"]);
        command.arg(folder.path().join("kubeconfig")).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // its first line comes when it serves and the file is there
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("http://"), "{line}");
        Self { child, folder }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program where nothing but this kubeconfig is set.
fn bare(program: &str, kubeconfig: &Path) -> Command {
    let mut command = Command::new(program);
    let home = kubeconfig.parent().unwrap();
    let programs = Path::new(SIDESCOPE).parent().unwrap().to_str().unwrap();
    command.env_clear().current_dir(home);
    command.env("HOME", home).env("KUBECONFIG", kubeconfig);
    command.env("PATH", format!("{programs}:/usr/bin:/bin"));
    command
}

fn lines(output: &Output) -> Vec<String> {
    let noise = String::from_utf8_lossy(&output.stderr);
    assert_eq!(noise, "", "completion is silent");
    String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What bash offers after this line, the script sourced as its words say: as readline would ask for it.
fn bash(line: &str, kubeconfig: &Path) -> Vec<String> {
    let asks = r#"
        source <(sidescope completions bash)
        COMP_LINE=$1; COMP_POINT=${#1}; COMP_TYPE=9
        # as readline parts words: also at '='
        read -ra parts <<< "${1//=/ = }"
        [[ $1 == *[\ =] ]] && parts+=("")
        COMP_WORDS=("${parts[@]}"); COMP_CWORD=$((${#parts[@]} - 1))
        _clap_complete_sidescope sidescope "${parts[-1]}" "${parts[-2]}" 2>/dev/null
        complete -p sidescope >/dev/null || echo "it is not registered"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = bare("bash", kubeconfig)
        .args(["-c", asks, "bash", line])
        .output()
        .unwrap();
    lines(&output).into_iter().filter(|line| !line.is_empty()).collect()
}

fn kubectl(words: &[&str], kubeconfig: &Path) -> Vec<String> {
    lines(&bare(FOR_KUBECTL, kubeconfig).args(words).output().unwrap())
}

fn has(found: &[String], name: &str) -> bool {
    found.iter().any(|one| one == name)
}

#[test]
fn bash_offers_what_the_cluster_has() {
    let cluster = Cluster::serve();
    let kubeconfig = cluster.kubeconfig();
    let offers = |line: &str| bash(line, &kubeconfig);
    assert_eq!(offers("sidescope endpoints my-s"), ["my-shell"]);
    assert_eq!(offers("sidescope --context de"), ["demo"]);
    assert_eq!(offers("sidescope --context=de"), ["demo"], "bash parts words at '='");
    assert_eq!(offers("sidescope pods -n booki"), ["bookinfo"]);
    let pods = offers("sidescope -n bookinfo explain ");
    assert!(pods.iter().any(|pod| pod.starts_with("reviews-v1-")), "{pods:?}");
    assert!(!has(&pods, "my-shell"), "not in that namespace: {pods:?}");
    let dotted = offers("sidescope endpoints my-shell.");
    assert_eq!(dotted, ["my-shell.default"]);
    let all = offers("sidescope endpoints -A my-sh");
    assert_eq!(all, ["my-shell.default"]);
    assert_eq!(offers("sidescope explain my-shell ratings"), ["ratings.bookinfo"]);
    assert_eq!(offers("sidescope sidecars -n bookinfo rev"), ["reviews"]);
    assert_eq!(
        offers("sidescope -n bookinfo endpoints deploy/rat"),
        ["deploy/ratings-v1"]
    );
    assert!(has(
        &offers("sidescope diff my-shell --without sidecar/"),
        "sidecar/bookinfo/reviews"
    ));
    // flags and commands are clap's own
    assert!(has(&offers("sidescope wh"), "who-sees"));
    assert!(has(&offers("sidescope lint --wi"), "--with"));
}

#[test]
fn what_is_typed_says_which_cluster_is_asked() {
    let cluster = Cluster::serve();
    let elsewhere = tempfile::tempdir().unwrap();
    let none = elsewhere.path().join("none");
    let path = cluster.kubeconfig();
    let path = path.to_str().unwrap();
    assert_eq!(bash("sidescope endpoints my-sh", &none), Vec::<String>::new());
    assert_eq!(
        bash(&format!("sidescope --kubeconfig {path} endpoints my-sh"), &none),
        ["my-shell"]
    );
    assert_eq!(
        bash(
            &format!("sidescope --kubeconfig {path} --context other endpoints my-sh"),
            &none
        ),
        Vec::<String>::new()
    );
    // the settings file counts as in a run
    std::fs::create_dir_all(elsewhere.path().join(".config/sidescope")).unwrap();
    let settings = elsewhere.path().join(".config/sidescope/config.toml");
    std::fs::write(settings, format!("kubeconfig = '{path}'\n")).unwrap();
    assert_eq!(bash("sidescope endpoints my-sh", &none), ["my-shell"]);
    // objects of a file are not in the cluster
    assert_eq!(
        bash("sidescope endpoints --from dump my-sh", &none),
        Vec::<String>::new()
    );
}

#[test]
fn kubectl_gets_lines_with_words_and_a_directive() {
    let cluster = Cluster::serve();
    let kubeconfig = cluster.kubeconfig();
    assert_eq!(kubectl(&["endpoints", "my-s"], &kubeconfig), ["my-shell", ":4"]);
    assert_eq!(kubectl(&["pods", "-n", "booki"], &kubeconfig), ["bookinfo", ":4"]);
    let commands = kubectl(&[""], &kubeconfig);
    assert!(
        commands
            .iter()
            .any(|line| line.starts_with("endpoints\tThe endpoint table")),
        "{commands:?}"
    );
    assert_eq!(commands.last().unwrap(), ":4");
    let objects = kubectl(&["diff", "my-shell", "--without", "sidec"], &kubeconfig);
    assert_eq!(objects, ["sidecar/", ":6"], "more is to be typed after it");
}

#[test]
fn a_cluster_that_does_not_answer_gives_nothing_soon_and_says_nothing() {
    // it takes connections and never answers
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{server: 'http://{}'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n",
        silent.local_addr().unwrap()
    );
    std::fs::write(&kubeconfig, &text).unwrap();
    let started = Instant::now();
    assert_eq!(kubectl(&["endpoints", "my"], &kubeconfig), [":4"]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    // a login plug-in may not ask, and what it says is not shown
    let asks = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: sh, \
                args: ['-c', 'echo log in at example.com >&2; exit 1']}";
    std::fs::write(&kubeconfig, text.replace("user: {}}", &format!("user: {{{asks}}}}}"))).unwrap();
    assert_eq!(kubectl(&["endpoints", "my"], &kubeconfig), [":4"]);
    assert_eq!(
        kubectl(&["--context", ""], &kubeconfig),
        ["here", ":4"],
        "the kubeconfig alone is read"
    );
}

#[test]
fn no_name_of_a_kubeconfig_brings_a_command_along() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let names = [
        "c-plain",
        "c-$(touch ran)",
        "c-`id`",
        "c-a b",
        "c-a;b",
        "c-\u{1b}[2J",
        "c-a\nb",
        "c-\u{202e}b",
        "--config=x",
    ];
    let contexts: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{{name: {}, context: {{cluster: c, user: u}}}}",
                serde_json::to_string(name).unwrap()
            )
        })
        .collect();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c-plain\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:9'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\ncontexts: [{}]\n",
        contexts.join(", ")
    );
    std::fs::write(&kubeconfig, text).unwrap();
    assert_eq!(kubectl(&["pods", "--context", ""], &kubeconfig), ["c-plain", ":4"]);
    assert_eq!(kubectl(&["pods", "--context", "c-"], &kubeconfig), ["c-plain", ":4"]);
    assert_eq!(bash("sidescope pods --context c", &kubeconfig), ["c-plain"]);
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let mut command = bare(SIDESCOPE, &kubeconfig);
        let command = command
            .env("SIDESCOPE_COMPLETE", shell)
            .env("_CLAP_COMPLETE_INDEX", "3");
        let output = command
            .args(["--", "sidescope", "pods", "--context", ""])
            .output()
            .unwrap();
        let offered: Vec<String> = lines(&output)
            .into_iter()
            .filter(|line| line.starts_with("c-"))
            .collect();
        assert_eq!(offered, ["c-plain"], "{shell}");
    }
}
