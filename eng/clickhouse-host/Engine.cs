using System.Runtime.InteropServices;

namespace Mesh.ClickHouseHost;

/// <summary>
/// Runs the engine as ClickHouse's own HTTP server. The engine's command line is given one query that opens the HTTP port and then
/// reads a pipe to its end; the server lives as long as that query. Closing the pipe, on a signal or when the parent is gone, ends it.
/// </summary>
internal static unsafe class Engine
{
    // The engine parses and plans on the caller's stack and expects as much as a server thread has.
    private const int StackSize = 16 << 20;

    public static int Run(HostOptions options)
    {
        if (!File.Exists(options.ConfigFile))
        {
            Console.Error.WriteLine($"there is no configuration at {options.ConfigFile}");
            return 2;
        }

        Directory.CreateDirectory(options.DataFolder);
        File.Delete(options.PortFile);
        NativeEngine.UseLibrary(Environment.GetEnvironmentVariable("MESH_CLICKHOUSE_LIBRARY"));
        // The engine's crash handlers would take SIGSEGV and SIGTERM away from the runtime.
        NativeEngine.SetSignalHandlersEnabled(0);

        using var hold = new HoldPipe();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, hold.ReleaseOn);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, hold.ReleaseOn);
        if (options.WatchStandardInput)
            new Thread(() => ReleaseAtEndOfInput(hold)) { IsBackground = true }.Start();

        string? error = null;
        var engine = new Thread(() => error = Query(Arguments(options, hold)), StackSize);
        engine.Start();
        engine.Join();
        if (error is not null)
            Console.Error.WriteLine(error);
        return error is null ? 0 : 1;
    }

    private static string[] Arguments(HostOptions options, HoldPipe hold) =>
    [
        "clickhouse", // The engine tells its tools apart by the program's name.
        $"--config-file={options.ConfigFile}",
        $"--path={options.DataFolder}",
        $"--http_port={options.Port}",
        "--listen_host=127.0.0.1",
        "--log-level=warning",
        "--query",
        $"""
        system start listen http;
        select toString(getServerPort('http_port')) into outfile '{options.PortFile}' truncate format TSV;
        select count() from file('{hold.ReadPath}', 'LineAsString', 's String') format Null
        """,
    ];

    private static string? Query(string[] arguments)
    {
        // The engine may keep pointers into its arguments for as long as the process lives, so they are never freed.
        var argv = (byte**)NativeMemory.AllocZeroed((nuint)(arguments.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < arguments.Length; i++)
            argv[i] = (byte*)Marshal.StringToCoTaskMemUTF8(arguments[i]);

        var result = NativeEngine.QueryCommandLine(arguments.Length, argv);
        if (result == 0)
            return "the engine gave no result";
        var error = Marshal.PtrToStringUTF8(NativeEngine.ResultError(result));
        NativeEngine.DestroyResult(result);
        return error;
    }

    private static void ReleaseAtEndOfInput(HoldPipe hold)
    {
        try
        {
            using var input = Console.OpenStandardInput();
            Span<byte> buffer = stackalloc byte[64];
            while (input.Read(buffer) > 0)
            {
            }
        }
        finally
        {
            hold.Release();
        }
    }
}
