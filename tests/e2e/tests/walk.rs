//! A walk through the built page.

use e2e::Page;

#[test]
fn the_page_opens() {
    let page = Page::open("the_page_opens");
    page.one("heading", "Tabernetes");
    page.screenshot("desktop");
    page.assert_clean();
}

#[test]
fn the_page_opens_on_a_phone() {
    let page = Page::open_small("the_page_opens_on_a_phone");
    page.one("heading", "Tabernetes");
    page.screenshot("phone");
    page.assert_clean();
}
