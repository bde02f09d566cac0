using System.Diagnostics;
using System.Globalization;
using Mesh.Cli.Local;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Cli.Tests.Local;

public sealed class NginxCleanupTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_nginx_that_a_killed_router_left_is_ended(bool masterIsDead)
    {
        var config = Path.Combine(_folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(config, $$"""
            pid {{_folder.Path}}/nginx.pid;
            worker_processes 2;
            events { }
            http { access_log off; server { listen unix:{{_folder.Path}}/socket; } }
            """);
        using (var start = Process.Start(Tools.Require("nginx"), ["-p", _folder.Path, "-c", config, "-e", Path.Combine(_folder.Path, "error.log")]))
            await start.WaitForExitAsync();
        var file = Path.Combine(_folder.Path, "nginx.pid");
        await Wait.UntilAsync("nginx runs", () => File.Exists(file) && File.ReadAllText(file).Length > 1);
        var master = int.Parse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture);
        await Wait.UntilAsync("its workers run", () => LinuxProcess.OfSession(master).Count() == 3);
        if (masterIsDead)
        {
            LinuxProcess.Signal(master, LinuxProcess.Kill);
            await Wait.UntilAsync("the master is dead", () => !LinuxProcess.OfSession(master).Contains(master));
        }

        await NginxCleanup.RunAsync(_folder.Path, TimeProvider.System);

        Assert.Empty(LinuxProcess.OfSession(master));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task A_process_that_has_the_number_by_now_is_left_alone()
    {
        using var bystander = Process.Start("/bin/sleep", "1000");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(_folder.Path, "nginx.pid"), $"{bystander.Id}\n");
            await NginxCleanup.RunAsync(_folder.Path, TimeProvider.System);
            Assert.False(bystander.HasExited);
        }
        finally
        {
            bystander.Kill();
        }
    }
}
