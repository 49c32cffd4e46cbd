//! A walk through the built page, as a visitor would take it.

use e2e::Page;
use serde_json::json;

#[test]
fn a_visit_from_the_first_pod_to_a_reload() {
    let page = Page::open("a_visit_from_the_first_pod_to_a_reload");
    first_pods(&page);
    mistakes_are_named_and_nothing_else_is_lost(&page);
    a_rollout_is_watched(&page);
    a_claim_is_bound(&page);
    an_autoscaler_acts_on_load(&page);
    an_object_explains_itself(&page);
    kubectl_is_at_hand(&page);
    time_is_ones_own(&page);
    a_reload_changes_nothing(&page);
    page.assert_clean();
}

/// The cluster is there, and one click runs something on it.
fn first_pods(page: &Page) {
    page.one("heading", "Tabernetes");
    page.exactly(3, "article", "^Node (master1|node1|node2) Ready$");
    page.says("control-plane:NoSchedule");
    page.screenshot("desktop-first");
    // Slowly: a busy machine must not miss what comes before Running.
    page.choose("Speed", "1/10x");
    page.click("button", "Run a sample");
    page.matching("button", "^Pod nginx-deploy-.* (Pending|ContainerCreating)$");
    page.choose("Speed", "1x");
    page.exactly(3, "button", "^Pod nginx-deploy-.* Running$");
}

/// Of a file with two mistakes the good document is applied, and each mistake names its place.
fn mistakes_are_named_and_nothing_else_is_lost(page: &Page) {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata: {a: b}\n---\n\
        apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: wrong\nspec:\n  replicas: three\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata:\n  name: Größe\nspec:\n  containers:\n  - name: a\n    imag: nginx\n";
    page.fill("textbox", "Manifest", manifest);
    page.click("button", "Apply");
    page.matching(
        "button",
        "document 2, line 12.*spec.replicas.*cannot unmarshal string .* of type int32",
    );
    page.matching("button", "document 3, line 21.*unknown field .spec.containers\\[0\\].imag");
    page.screenshot("desktop-problems");
    assert_eq!(page.kubectl("get configmap settings -o name"), "configmap/settings");
    assert_eq!(
        page.kubectl("get deployment wrong"),
        "Error from server (NotFound): deployments.apps \"wrong\" not found"
    );
    let text = page.script("return arguments[0].value", json!([page.one("textbox", "Manifest")]));
    assert_eq!(text, manifest, "the editor keeps what was typed");
}

/// A rolling update shows old and new side by side, and ends.
fn a_rollout_is_watched(page: &Page) {
    page.choose("Samples", "nginx-rolling.yaml");
    open_tab(page, "Workloads");
    page.click("button", "Apply");
    page.says("not available.*3 desired · at most 4 · at least 2 available");
    page.matching("button", "^ReplicaSet nginx-deploy-.* Revision 2");
    page.screenshot("desktop-rolling");
    page.exactly(3, "button", "^Pod nginx-deploy-.* Running$");
    assert!(
        page.kubectl("rollout status deployment/nginx-deploy").contains("successfully rolled out")
    );
}

fn a_claim_is_bound(page: &Page) {
    page.choose("Samples", "storage.yaml");
    open_tab(page, "Storage");
    page.click("button", "Apply");
    page.one("button", "PersistentVolumeClaim www Bound");
    page.one("button", "PersistentVolume pv001 Bound");
    page.one("button", "PersistentVolume pv002 Available");
    page.screenshot("desktop-storage");
}

fn an_autoscaler_acts_on_load(page: &Page) {
    page.choose("Samples", "autoscaling.yaml");
    open_tab(page, "Autoscaling");
    page.click("button", "Apply");
    page.choose("Speed", "100x");
    page.says("cpu.*\\d%.*target 10%");
    page.slide("^CPU load of hpa-demo$", 100);
    // 100m of 50m requested is 200%, by a target of 10%: more than the 10 it may have.
    page.says("scale from 1 to \\d+ replicas");
    page.says("stay at 10 replicas");
    page.choose("Speed", "1x");
    page.screenshot("desktop-autoscaling");
    open_tab(page, "Cluster");
    page.exactly(10, "button", "^Pod hpa-demo-.* Running$");
}

/// Selecting an object opens everything that is known about it.
fn an_object_explains_itself(page: &Page) {
    open_tab(page, "Workloads");
    page.click_on(&page.matching("button", "^Deployment hpa-demo "));
    page.says("Controls.*ReplicaSet hpa-demo-");
    for (tab, words) in [
        ("YAML", "kubectl get deployment/hpa-demo -o yaml.*apiVersion: apps/v1"),
        ("Describe", "kubectl describe deployment/hpa-demo.*StrategyType: +RollingUpdate"),
        ("Why", "usage.*scale from 1 to \\d+ replicas"),
    ] {
        page.click("tab", tab);
        page.says(words);
    }
    page.screenshot("desktop-inspector");
    page.click("button", "Close the inspector");
}

fn kubectl_is_at_hand(page: &Page) {
    for (command, words) in [
        ("get pods -o wide", "NAME +READY +STATUS +RESTARTS +AGE +IP +NODE"),
        ("scale deployment nginx-deploy --replicas=2", "deployment.apps/nginx-deploy scaled"),
        ("rollout history deployment/nginx-deploy", "REVISION +CHANGE-CAUSE"),
        ("rollout undo deployment/nginx-deploy", "deployment.apps/nginx-deploy rolled back"),
        ("top nodes", "CPU\\(cores\\)"),
        ("explain pods.spec.nodeName", "FIELD: nodeName <string>"),
        ("get hpa hpa-demo -o jsonpath={.spec.maxReplicas}", "^10"),
        ("delete pod web", "pod \"web\" deleted"),
    ] {
        let output = page.kubectl(command);
        let is_right = page
            .script("return new RegExp(arguments[0]).test(arguments[1])", json!([words, output]));
        assert_eq!(is_right, true, "kubectl {command}: {output}");
    }
    let input = page.one("textbox", "kubectl");
    let line = || page.script("return arguments[0].value", json!([input]));
    page.keys(&input, "kubectl roll\u{e004}hist\u{e004}deploy\u{e004}ng\u{e004}");
    assert_eq!(line(), "kubectl rollout history deployments nginx-deploy ");
    page.fill("textbox", "kubectl", "");
    page.keys(&input, "\u{e013}");
    assert_eq!(line(), "kubectl delete pod web", "the arrow key recalls the last line");
    page.fill("textbox", "kubectl", "");
    page.keys(&input, "\u{e009}r\u{e000}");
    page.keys(&input, "jsonpath");
    page.keys(&input, "\u{e014}");
    assert_eq!(line(), "kubectl get hpa hpa-demo -o jsonpath={.spec.maxReplicas}");
    page.fill("textbox", "kubectl", "");
}

fn time_is_ones_own(page: &Page) {
    page.click("button", "Pause");
    let stopped = clock(page);
    page.frames(20);
    assert!(clock(page) <= stopped, "the clock stands");
    page.click("button", "Step");
    page.until(
        "an event that moves the clock",
        "named('button', '^Step$')[0].click();
         const [hours, minutes, seconds] = named('timer', '')[0].innerText.split(/[:\\s]/);
         return hours * 3600 + minutes * 60 + Number(seconds) > arguments[0]",
        json!([stopped]),
    );
    page.choose("Speed", "1000x");
    page.click("button", "Play");
    page.until(
        "an hour to pass",
        "return named('timer', '')[0].innerText.match(/^(\\d+):/)[1] > 0",
        json!([]),
    );
    page.choose("Speed", "1x");
    page.click("button", "Run until nothing is due");
    page.one("button", "Play");
}

fn a_reload_changes_nothing(page: &Page) {
    page.frames(2);
    let pods = page.kubectl("get pods -o name");
    let before = clock(page);
    // The place of the clock is written down every two seconds.
    page.until(
        "the page to be saved",
        "window.since ??= performance.now(); return performance.now() - window.since > 2500",
        json!([]),
    );
    page.reload();
    page.until(
        "the session to be restored",
        "return named('button', '^Undo$').some(button => !button.disabled)",
        json!([]),
    );
    page.click("button", "Pause");
    assert_eq!(page.kubectl("get pods -o name"), pods);
    assert!(clock(page) >= before, "{} is before {before}", clock(page));
    page.one("button", "autoscaling.yaml");
}

#[test]
fn a_phone_shows_one_column_at_a_time() {
    let page = Page::open_small("a_phone_shows_one_column_at_a_time");
    page.one("heading", "Tabernetes");
    page.screenshot("phone-first");
    page.click("button", "Run a sample");
    page.exactly(3, "button", "^Pod nginx-deploy-.* Running$");
    page.click("tab", "Manifests");
    page.one("textbox", "Manifest");
    page.screenshot("phone-editor");
    page.click("tab", "Terminal");
    assert!(page.kubectl("get deployments").contains("nginx-deploy"));
    page.screenshot("phone-terminal");
    page.click("tab", "Stage");
    page.click_on(&page.matching("button", "^Pod nginx-deploy-.* Running$"));
    page.click("tab", "Why");
    page.says("replicaset-controller");
    page.screenshot("phone-inspector");
    let wider = page.script(
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth",
        json!([]),
    );
    assert_eq!(wider, false, "nothing hangs over the edge");
    page.assert_clean();
}

/// What a visitor may paste, and what the page says; the cluster stays as it was.
#[test]
fn bad_input_is_refused_and_the_page_goes_on() {
    let page = Page::open("bad_input_is_refused_and_the_page_goes_on");
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..12 {
        let before = n - 1;
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 9].join(",")));
    }
    for (manifest, words) in [
        ("a: b\n c: [", "yaml: line 2"),
        (&*bomb, "error"),
        ("kind: Nothing\napiVersion: v9\nmetadata: {name: a}", "no matches for kind"),
        (
            "kind: Pod\napiVersion: v1\nmetadata: {name: Ünï}\nspec: {containers: [{name: a, image: b}]}",
            "a lowercase RFC 1123 subdomain must consist of",
        ),
        (
            "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a}\nspec: {replicas: -3}",
            "must be greater than or equal to 0",
        ),
    ] {
        page.fill("textbox", "Manifest", manifest);
        page.click("button", "Clear");
        page.click("button", "Apply");
        page.matching("alert", "");
        page.says(words);
    }
    // Ten million characters do not even reach the editor.
    page.script(
        "const area = arguments[0], data = new DataTransfer();
         data.setData('text', 'x: y\\n'.repeat(2_000_000));
         area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true, bubbles: true }));",
        json!([page.one("textbox", "Manifest")]),
    );
    page.says("too large for the editor");
    assert_eq!(page.kubectl("get pods"), "No resources found in default namespace.");
    assert!(
        page.kubectl("create deployment many --image=nginx --replicas=5000").contains("created")
    );
    page.says("Pending.*\\d{3}");
    assert!(page.kubectl("get deployment many").contains("many"));
    page.assert_clean();
}

/// A failure in the program: here a browser that from now on refuses to add elements.
#[test]
fn a_failure_loses_nothing_and_leads_back() {
    let page = Page::open("a_failure_loses_nothing_and_leads_back");
    page.click("button", "Run a sample");
    page.exactly(3, "button", "^Pod nginx-deploy-.* Running$");
    page.fill("textbox", "Manifest", "kind: Mine");
    page.script(
        "Node.prototype.insertBefore = () => { throw new Error('broken on purpose'); };
         Node.prototype.appendChild = Node.prototype.insertBefore;",
        json!([]),
    );
    page.fill("textbox", "kubectl", "kubectl scale deployment nginx-deploy --replicas=9");
    page.keys(&page.one("textbox", "kubectl"), "\u{e007}");
    page.matching("alertdialog", "Something broke");
    page.screenshot("desktop-failure");
    page.click("button", "Reload the last good state");
    page.exactly(3, "button", "^Pod nginx-deploy-.* Running$");
    let text = page.script("return arguments[0].value", json!([page.one("textbox", "Manifest")]));
    assert_eq!(text, "kind: Mine");
    assert!(page.kubectl("get deployment nginx-deploy").contains("3/3"));
}

fn open_tab(page: &Page, name: &str) {
    page.click_on(&page.matching("tab", &format!("^{name}")));
}

/// The seconds that the clock shows.
fn clock(page: &Page) -> f64 {
    let seconds = page.script(
        "const [hours, minutes, seconds] = named('timer', '')[0].innerText.split(/[:\\s]/);
         return hours * 3600 + minutes * 60 + Number(seconds)",
        json!([]),
    );
    seconds.as_f64().expect("the clock shows a time")
}
