using Mesh.Controller.Reconciling;

namespace Mesh.Controller.Tests.Reconciling;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("   \t ", "")]
    [InlineData("node server.js", "node|server.js")]
    [InlineData("  node   --port 80 ", "node|--port|80")]
    [InlineData("/app/bin/serve -v", "/app/bin/serve|-v")]
    [InlineData("dotnet Shop.dll --urls http://0.0.0.0:8080", "dotnet|Shop.dll|--urls|http://0.0.0.0:8080")]
    public void A_plain_line_needs_no_shell(string line, string parts) =>
        Assert.Equal(parts.Split('|', StringSplitOptions.RemoveEmptyEntries), CommandLine.Split(line));

    [Theory]
    [InlineData("echo \"a b\"")]
    [InlineData("echo 'a b'")]
    [InlineData("serve --port $PORT")]
    [InlineData("a && b")]
    [InlineData("a | b")]
    [InlineData("a; b")]
    [InlineData("a > b")]
    [InlineData("a < b")]
    [InlineData("`a`")]
    [InlineData("(a)")]
    [InlineData("ls *.js")]
    [InlineData("ls ?.js")]
    [InlineData("ls [ab].js")]
    [InlineData("ls {a,b}.js")]
    [InlineData("cd ~")]
    [InlineData("a # b")]
    [InlineData("!a")]
    [InlineData("MODE=fast serve")]
    [InlineData("a\\ b")]
    [InlineData("a\nb")]
    [InlineData("a\tb")]
    public void What_a_shell_would_interpret_goes_to_a_shell_unchanged(string line) =>
        Assert.Equal(["/bin/sh", "-c", line], CommandLine.Split(line));
}
