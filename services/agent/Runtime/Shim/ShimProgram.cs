using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Mesh.Agent.Runtime.Shim;

/// <summary>
/// The parent of one container: `Mesh.Agent shim FOLDER`. It outlives the agent, keeps the container's output and
/// writes down how it ended. It holds no connection and no secret, and its only words to the agent are files.
/// Everything that concerns mounts happens on the main thread, whose mount namespace the container inherits.
/// </summary>
internal sealed class ShimProgram(ContainerFolder folder, TimeProvider time)
{
    public static int Run(string path)
    {
        var folder = new ContainerFolder(path);
        try
        {
            new ShimProgram(folder, TimeProvider.System).Run();
            return 0;
        }
        catch (Exception e)
        {
            // Nobody reads the shim's own output; this file is where one looks when a container vanished.
            File.AppendAllText(folder.ShimLog, e + "\n");
            return 1;
        }
    }

    private void Run()
    {
        Linux.StartSession();
        using var held = ShimLock.Take(folder);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        var spec = ShimFiles.Read(folder.ShimSpec, ShimJson.Default.ShimSpec)
            ?? throw new FileNotFoundException("No shim.json in the folder.", folder.ShimSpec);
        using var log = new LogWriter(folder.Logs, spec.LogFileBytes, spec.LogFiles, time);
        var exit = Supervise(spec, log);
        if (spec.Cleanup is not null) RunCleanup(spec.Cleanup);
        ShimFiles.Write(folder.Exit, exit, ShimJson.Default.ShimExit);
    }

    private ShimExit Supervise(ShimSpec spec, LogWriter log)
    {
        try
        {
            Linux.BecomeSubreaper();
            if (spec.Overlay is not null) MountRootfs(spec.Overlay);
            using var command = Process.Start(StartInfo(spec)) ?? throw new InvalidOperationException("Nothing was started.");
            command.StandardInput.Close();
            var readers = new[] { Reader(command.StandardOutput.BaseStream, "stdout", log), Reader(command.StandardError.BaseStream, "stderr", log) };
            var exit = Wait(spec, command);
            // A grandchild that left the container's cgroup cannot exist under runc; a plain process's may keep the pipe.
            foreach (var reader in readers) reader.Join(TimeSpan.FromSeconds(2));
            return exit;
        }
        catch (Win32Exception e)
        {
            return Failed(e.Message);
        }
    }

    private ShimExit Wait(ShimSpec spec, Process command)
    {
        if (!spec.UsesPidFile)
        {
            Started(command.Id);
            command.WaitForExit();
            return Ended(spec, command.ExitCode, command.ExitCode > 128 ? command.ExitCode - 128 : 0);
        }

        command.WaitForExit();
        if (command.ExitCode != 0) return Failed(RuncLog.LastError(folder.RuntimeLog) ?? $"runc ended with exit code {command.ExitCode}");
        var process = int.Parse(File.ReadAllText(folder.PidFile), CultureInfo.InvariantCulture);
        Started(process);
        var (exitCode, signal) = Linux.WaitForChild(process);
        return Ended(spec, exitCode, signal);
    }

    private void Started(int process) =>
        ShimFiles.Write(folder.Started, new ShimStart(process, ProcessTable.Read(process)?.StartTicks ?? 0, time.GetUtcNow()), ShimJson.Default.ShimStart);

    private ShimExit Ended(ShimSpec spec, int exitCode, int signal) =>
        new(exitCode, signal, exitCode == 128 + Linux.SigKill && Cgroups.CountsOomKill(spec.OomFile), null, time.GetUtcNow());

    private ShimExit Failed(string error) => new(1, 0, false, error, time.GetUtcNow());

    private static void MountRootfs(OverlayMount overlay)
    {
        foreach (var path in (string[])[overlay.Upper, overlay.Work, overlay.Target]) Directory.CreateDirectory(path);
        Linux.UnshareMounts();
        Linux.ChangeDirectory(overlay.LayerFolder);
        Linux.Mount("overlay", overlay.Target, "overlay",
            $"lowerdir={string.Join(':', overlay.Layers.Reverse())},upperdir={overlay.Upper},workdir={overlay.Work}");
    }

    private static ProcessStartInfo StartInfo(ShimSpec spec)
    {
        var start = new ProcessStartInfo(spec.Command[0], spec.Command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = spec.WorkingDirectory ?? "/",
        };
        start.Environment.Clear();
        foreach (var (name, value) in spec.Environment) start.Environment[name] = value;
        return start;
    }

    private static Thread Reader(Stream source, string name, LogWriter log)
    {
        var thread = new Thread(() => log.Copy(source, name), 256 << 10) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static void RunCleanup(IReadOnlyList<string> command)
    {
        using var cleanup = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true });
        cleanup?.StandardError.ReadToEnd();
        cleanup?.WaitForExit();
    }
}
