using Mesh.Benchmarks;
using Mesh.Benchmarks.Api;
using Mesh.Benchmarks.Crash;
using Mesh.Benchmarks.Ingest;
using Mesh.Benchmarks.Recovery;

// Each benchmark measures us and a peer in one run and writes docs/benchmarks/NAME.{json,md}.
return args switch
{
    ["api", ..] => await ApiBenchmark.RunAsync(),
    ["api-peer", var port] => await EchoServer.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)),
    ["crash", ..] => await CrashBenchmark.RunAsync(),
    ["recovery", ..] => await RecoveryBenchmark.RunAsync(),
    ["ingest", .. var parts] => await IngestBenchmark.RunAsync(parts),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: make bench-api | bench-crash | bench-ingest | bench-recovery");
    return 2;
}
