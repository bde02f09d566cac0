using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mesh.Common.Names;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Builder.Git;

/// <summary>Runs <c>git http-backend</c> for one request, as CGI has it: the body to its input, its output to the response.</summary>
internal sealed partial class GitBackend(GitRepositories repositories, BuilderOptions options, ILogger<GitBackend> logger)
{
    private const int MaxHeader = 8192;

    public async Task ServeAsync(
        HttpContext context, AppName app, string path, string user, IEnumerable<KeyValuePair<string, string>> hook, CancellationToken cancellationToken)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx passes each line of the log on as it comes
        using var process = new Process { StartInfo = StartInfo(context.Request, app, path, user, hook) };
        process.Start();
        try
        {
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await Task.WhenAll(SendAsync(context.Request.Body, process, cancellationToken), AnswerAsync(process.StandardOutput.BaseStream, context.Response, cancellationToken));
            await process.WaitForExitAsync(cancellationToken);
            if (await errors is { Length: > 0 } text)
                LogErrors(app.ToString(), text.Trim());
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private ProcessStartInfo StartInfo(HttpRequest request, AppName app, string path, string user, IEnumerable<KeyValuePair<string, string>> hook)
    {
        var info = new ProcessStartInfo("git", ["http-backend"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = repositories.Root,
        };
        var environment = info.Environment;
        environment.Clear();
        environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        environment["HOME"] = repositories.Root;
        environment["LC_ALL"] = "C.UTF-8";
        environment["GIT_PROJECT_ROOT"] = repositories.Root;
        environment["GIT_HTTP_EXPORT_ALL"] = "1";
        environment["GIT_CONFIG_NOSYSTEM"] = "1";
        environment["PATH_INFO"] = $"/{GitRepositories.PathOf(app)}/{path}";
        environment["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "";
        environment["REQUEST_METHOD"] = request.Method;
        environment["CONTENT_TYPE"] = request.ContentType ?? "";
        environment["REMOTE_USER"] = user;
        environment["REMOTE_ADDR"] = request.HttpContext.Connection.RemoteIpAddress?.ToString() ?? "";
        if (request.ContentLength is { } length)
            environment["CONTENT_LENGTH"] = length.ToString(CultureInfo.InvariantCulture);
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding)
            environment["HTTP_CONTENT_ENCODING"] = encoding;
        if (request.Headers["Git-Protocol"].ToString() is { Length: > 0 } protocol)
            environment["GIT_PROTOCOL"] = protocol;
        AddConfiguration(environment);
        foreach (var (name, value) in hook)
            environment[name] = value;
        return info;
    }

    private void AddConfiguration(IDictionary<string, string?> environment)
    {
        (string Key, string Value)[] settings =
        [
            ("http.receivepack", "true"), ("core.hooksPath", repositories.Hooks), ("receive.fsckObjects", "true"), ("gc.autoDetach", "false"),
            ("receive.maxInputSize", options.MaxSourceBytes.ToString(CultureInfo.InvariantCulture)), ("safe.directory", "*"),
        ];
        environment["GIT_CONFIG_COUNT"] = settings.Length.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < settings.Length; i++)
        {
            environment[$"GIT_CONFIG_KEY_{i}"] = settings[i].Key;
            environment[$"GIT_CONFIG_VALUE_{i}"] = settings[i].Value;
        }
    }

    private static async Task SendAsync(Stream body, Process process, CancellationToken cancellationToken)
    {
        try
        {
            await body.CopyToAsync(process.StandardInput.BaseStream, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException) when (!cancellationToken.IsCancellationRequested)
        {
            // git ended before it read everything: its answer says why.
        }
    }

    private static async Task AnswerAsync(Stream output, HttpResponse response, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        var filled = 0;
        int end;
        while ((end = EndOfHeader(buffer.AsSpan(0, filled), out _)) < 0)
        {
            var count = filled < MaxHeader ? await output.ReadAsync(buffer.AsMemory(filled), cancellationToken) : 0;
            if (count == 0)
                throw new IOException("git http-backend gave no answer.");
            filled += count;
        }
        EndOfHeader(buffer.AsSpan(0, filled), out var bodyStart);
        ApplyHeader(Encoding.ASCII.GetString(buffer, 0, end), response);
        await response.Body.WriteAsync(buffer.AsMemory(bodyStart, filled - bodyStart), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
        for (int count; (count = await output.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }
    }

    private static int EndOfHeader(ReadOnlySpan<byte> bytes, out int bodyStart)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        bodyStart = end + 4;
        return end;
    }

    private static void ApplyHeader(string header, HttpResponse response)
    {
        foreach (var line in header.Split("\r\n"))
        {
            var (name, value) = line.Split(':', 2) is [var left, var right] ? (left, right.Trim()) : (line, "");
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
                response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
            else
                response.Headers[name] = value;
        }
    }

    [LoggerMessage(LogLevel.Information, "git http-backend for {App}: {Errors}")]
    private partial void LogErrors(string app, string errors);
}
