/* The control panel starts: language, theme, the path, and then whoever is signed in. */
import "@picocss/pico/css/pico.min.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/parts.css";
import "./style/partners.css";
import "./style/steps.css";
import "./style/system.css";
import { render } from "preact";
import { App } from "./app";
import { watchWindow } from "./api/events";
import { watchActivity } from "./base/active";
import { keepLanguage } from "./base/i18n";
import { keepTime } from "./base/now";
import { startRouting } from "./base/route";
import { keepTheme } from "./base/theme";

keepLanguage();
keepTheme();
keepTime();
startRouting();
watchActivity();
watchWindow();
render(<App />, document.getElementById("panel")!);
