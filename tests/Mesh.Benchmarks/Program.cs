using Mesh.Benchmarks;
using Mesh.Benchmarks.Api;

// Each benchmark measures us and a peer in one run and writes docs/benchmarks/NAME.{json,md}.
return args switch
{
    ["api", ..] => await ApiBenchmark.RunAsync(),
    ["api-peer", var port] => await EchoServer.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: make bench-api");
    return 2;
}
