using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mesh.Servers;

/// <summary>
/// A PostgreSQL server whose data lies in a folder. PostgreSQL refuses to run as root, so root runs it as the user nobody, who owns the
/// folder. That user need not be able to reach the folder by its path (it may lie in somebody's private home): the server is started in
/// it and knows it only as its working folder.
/// </summary>
public sealed class Postgres(string folder)
{
    private const int Nobody = 65534;
    private const string HereFolder = "/proc/self/cwd";

    private string DataFolder => Path.Combine(folder, "data");

    /// <summary>The login role, which may do everything.</summary>
    public const string Role = "mesh";

    /// <summary>Makes the data folder unless it is there. Without a password every local connection is trusted.</summary>
    /// <param name="password">The password of the login role.</param>
    /// <param name="cancellation">Gives up; a data folder that is not complete is made anew the next time.</param>
    /// <param name="database">A database to make, beside the one called postgres.</param>
    public async Task InitializeAsync(string? password, CancellationToken cancellation, string? database = null)
    {
        if (File.Exists(Path.Combine(DataFolder, "initialized")))
            return;
        if (Directory.Exists(DataFolder))
            Directory.Delete(DataFolder, recursive: true);
        var passwordFile = Path.Combine(folder, "password");
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(DataFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(passwordFile, password ?? "", cancellation);
        File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (LinuxProcess.IsRoot)
        {
            foreach (var path in new[] { folder, DataFolder, passwordFile })
                LinuxProcess.GiveTo(path, Nobody);
        }

        string[] security = password is null ? ["--auth=trust"] : ["--auth=scram-sha-256", "--pwfile=../password"];
        await RunAsync(
            Unprivileged(
                "initdb",
                ["-D", HereFolder, "-U", Role, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions", .. security]),
            cancellation);
        File.Delete(passwordFile);
        if (database is not null)
            await RunAsync(Unprivileged("postgres", ["--single", "-D", HereFolder, "postgres"]), cancellation, $"create database {database}\n");
        await File.WriteAllTextAsync(Path.Combine(DataFolder, "initialized"), "", cancellation);
    }

    /// <summary>The server itself. <paramref name="settings"/> are written as in postgresql.conf: <c>fsync=off</c>.</summary>
    public ServerCommand Command(int port, params IReadOnlyList<string> settings) =>
        Unprivileged(
            "postgres",
            [
                "-D", HereFolder,
                "-c", string.Create(CultureInfo.InvariantCulture, $"port={port}"),
                "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=",
                .. settings.SelectMany(setting => new[] { "-c", setting }),
            ])
        with { StopSignal = LinuxProcess.Interrupt }; // "fast": ends the sessions instead of waiting for them

    /// <summary>Whether a server accepts connections: one that still recovers from a crash listens already but refuses them.</summary>
    public static async Task<bool> AcceptsAsync(int port, CancellationToken cancellation)
    {
        // A start-up message of protocol 3.0. A server that accepts asks for authentication, 'R'; otherwise it sends an error, 'E'.
        var parameters = Encoding.ASCII.GetBytes($"user\0{Role}\0database\0postgres\0\0");
        var message = new byte[8 + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 3 << 16);
        parameters.CopyTo(message, 8);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync(message, cancellation);
            var answer = new byte[1];
            return await stream.ReadAsync(answer, cancellation) == 1 && answer[0] == (byte)'R';
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return false;
        }
    }

    public static string ConnectionString(int port, string database, string? password = null) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Database={database};Username={Role}")
        + (password is null ? "" : $";Password={password}");

    private ServerCommand Unprivileged(string program, IReadOnlyList<string> arguments)
    {
        var path = Path.Combine(Tools.Require("postgres"), program);
        var command = LinuxProcess.IsRoot
            ? new ServerCommand(
                Tools.Require("setpriv"), [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", path, .. arguments])
            : new ServerCommand(path, arguments);
        return command with { WorkingFolder = DataFolder };
    }

    private static async Task RunAsync(ServerCommand command, CancellationToken cancellation, string input = "")
    {
        var start = new ProcessStartInfo(command.FileName, command.Arguments)
        {
            WorkingDirectory = command.WorkingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command.FileName} failed: {await output}{await errors}");
    }
}
