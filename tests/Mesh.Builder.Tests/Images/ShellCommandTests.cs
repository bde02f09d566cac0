using Mesh.Builder.Images;

namespace Mesh.Builder.Tests.Images;

public sealed class ShellCommandTests
{
    [Theory]
    [InlineData("node server.js", "node|server.js")]
    [InlineData("node  server.js --port=80", "node|server.js|--port=80")]
    [InlineData("node server.js --port $PORT", "/bin/sh|-c|exec node server.js --port $PORT")]
    [InlineData("node 'my server.js'", "/bin/sh|-c|exec node 'my server.js'")]
    [InlineData("A=1 node server.js", "/bin/sh|-c|A=1 node server.js")]
    [InlineData("cd web && node server.js", "/bin/sh|-c|cd web && node server.js")]
    [InlineData("migrate; serve", "/bin/sh|-c|migrate; serve")]
    [InlineData("exec node x.js $PORT", "/bin/sh|-c|exec node x.js $PORT")]
    public void A_shell_is_used_only_where_one_is_needed(string line, string expected) =>
        Assert.Equal(expected, string.Join('|', ShellCommand.Of(line)));
}
