//! A few whole screens, named by what they prove. Update with `INSTA_UPDATE=always` and look at the difference.

use insta::assert_snapshot;

use crate::mesh;
use crate::stage::Stage;

fn after_an_edit(width: u16, height: u16) -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects).sized(width, height);
    stage.press("jjjj");
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage
}

#[test]
fn an_edit_is_plain_to_see_at_80x24() {
    assert_snapshot!(after_an_edit(80, 24).text());
}

#[test]
fn everything_has_its_place_at_120x40() {
    assert_snapshot!(after_an_edit(120, 40).text());
}

#[test]
fn one_list_is_left_at_40x10() {
    assert_snapshot!(after_an_edit(40, 10).text());
}

#[test]
fn a_row_explains_itself_at_80x24() {
    let mut stage = after_an_edit(80, 24);
    stage.press("3j<Enter>");
    assert_snapshot!(stage.text());
}
