// Comes.
import { html } from "../html.js";
import { Empty } from "../ui.js";
import { t } from "../words.js";

export default function Page() {
  return html`<${Empty} title=${t("soon")} />`;
}
