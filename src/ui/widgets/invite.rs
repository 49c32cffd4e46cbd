use yew::prelude::*;

use crate::ui::act::Act;
use crate::ui::messages::t;

/// What stands where there is nothing yet: `title` and `text`, and a sample to begin with.
pub fn invite(title: &str, text: &str, sample: &'static str, act: &Callback<Act>) -> Html {
    let run = {
        let act = act.clone();
        move |_: MouseEvent| act.emit(Act::RunSample(sample))
    };
    html! {
        <section class="welcome">
            <h2>{ title }</h2>
            <p>{ text }</p>
            <button type="button" class="button primary" onclick={run}>{ t().run_sample }</button>
            <code class="command">{ format!("kubectl apply -f {sample}") }</code>
        </section>
    }
}
