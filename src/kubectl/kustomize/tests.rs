use super::*;

fn files(all: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (name, text) in all {
        files.write(name, *text);
    }
    files
}

fn built(files: &Files, folder: &str) -> String {
    let mut built = build(files, folder).expect("a kustomization");
    sort(&mut built.objects);
    built.objects.iter().map(yaml::to_string).collect::<Vec<_>>().join("---\n")
}

/// What kubectl 1.36 printed for the same files.
#[test]
fn generators_patches_and_transformers_work_on_what_is_below() {
    let files = files(&[
        ("base/kustomization.yaml", include_str!("testdata/base.yaml")),
        ("base/all.yaml", include_str!("testdata/all.yaml")),
        ("base/app.properties", "x=1\ny=2\n"),
        ("base/e.env", "A=1\nB=\n"),
        (
            "top/kustomization.yaml",
            "resources: [../base]\nnameSuffix: -z\nimages: [{name: nginx, newName: n2, newTag: \"1\"}]\n",
        ),
    ]);
    assert_eq!(built(&files, "top"), include_str!("testdata/built.yaml"));
}

/// In kustomize's words.
#[test]
fn what_is_wrong_is_said() {
    let files = files(&[
        ("a/kustomization.yaml", "resources: [x.yaml]\n"),
        ("b/kustomization.yaml", "foo: 1\n"),
        ("c/kustomization.yaml", "kind: Kustomization\n"),
        ("e/kustomization.yaml", "configMapGenerator: [{name: g, files: [nofile]}]\n"),
        ("empty/other.yaml", ""),
    ]);
    let home = super::super::HOME;
    let lost = |path: &str| {
        format!("evalsymlink failure on '{path}' : lstat {path}: no such file or directory")
    };
    let x = lost(&format!("{home}/a/x.yaml"));
    let cases = [
        (
            "a",
            format!(
                "accumulating resources: accumulation err='accumulating resources from 'x.yaml': \
                 {x}': must build at directory: not a valid directory: {x}"
            ),
        ),
        ("b", "invalid Kustomization: json: unknown field \"foo\"".to_owned()),
        ("c", "kustomization.yaml is empty".to_owned()),
        (
            "e",
            format!(
                "loading KV pairs: file sources: [nofile]: {}",
                lost(&format!("{home}/e/nofile"))
            ),
        ),
        (
            "empty",
            format!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or \
                 'Kustomization' in directory '{home}/empty'"
            ),
        ),
        (
            "b/kustomization.yaml",
            "must build at directory: 'b/kustomization.yaml': file is not directory".to_owned(),
        ),
    ];
    for (folder, why) in cases {
        let failure = build(&files, folder).err().expect("a failure");
        assert_eq!(failure.text, format!("error: {why}\n"), "{folder}");
    }
}
