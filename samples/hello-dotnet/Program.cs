using System.Net;
using HelloDotnet;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "8080")));
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.AddSingleton<RequestCounter>();

var app = builder.Build();
var version = typeof(RequestCounter).Assembly.GetName().Version!.ToString(3);
var greeting = Environment.GetEnvironmentVariable("GREETING") ?? "Hello from .NET";

app.Use(async (context, next) =>
{
    await next();
    context.RequestServices.GetRequiredService<RequestCounter>().Count(context.GetEndpoint()?.DisplayName ?? "other", context.Response.StatusCode);
});

app.MapGet("/", () => Results.Content($"""
    <!doctype html>
    <html lang="en">
    <head><meta charset="utf-8"><title>hello-dotnet</title></head>
    <body>
    <h1>{WebUtility.HtmlEncode(greeting)}</h1>
    <p>Version {version}, served by {WebUtility.HtmlEncode(Environment.MachineName)} on .NET {Environment.Version}.</p>
    </body>
    </html>

    """, "text/html; charset=utf-8")).WithDisplayName("/");
app.MapGet("/healthz", () => "ok\n").WithDisplayName("/healthz");
app.MapGet("/metrics", (RequestCounter counter) => Results.Text(counter.Text(), "text/plain; version=0.0.4; charset=utf-8")).WithDisplayName("/metrics");

app.Logger.LogInformation("hello-dotnet {Version} starts", version);
app.Run(); // SIGTERM: open requests are finished first
