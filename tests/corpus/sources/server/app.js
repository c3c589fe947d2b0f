// A server with mistakes for njsscan to find. It is never run.
const express = require("express");
const crypto = require("crypto");
const { exec } = require("child_process");
const serialize = require("node-serialize");
const session = require("express-session");
const mysql = require("mysql");

const app = express();
const db = mysql.createConnection({ host: "localhost", user: "app", password: "example" });

app.use(session({ secret: "example", resave: false, saveUninitialized: true }));

app.get("/run", (req, res) => {
    exec("ls " + req.query.dir, (err, out) => res.send(out));
});

app.get("/eval", (req, res) => {
    res.send(String(eval(req.query.code)));
});

app.get("/user", (req, res) => {
    db.query("SELECT * FROM users WHERE name = '" + req.query.name + "'", (err, rows) => res.json(rows));
});

app.post("/load", (req, res) => {
    const state = serialize.unserialize(req.body.state);
    res.send("hello " + req.query.name + state);
});

app.get("/go", (req, res) => {
    res.redirect(req.query.to);
});

app.get("/hash", (req, res) => {
    res.send(crypto.createHash("md5").update(req.query.text).digest("hex"));
});

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
app.listen(8080);
