import "./elements/page-app.ts";
