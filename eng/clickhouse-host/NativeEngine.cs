using System.Reflection;
using System.Runtime.InteropServices;

namespace Mesh.ClickHouseHost;

/// <summary>The functions of the engine's library that the host uses.</summary>
internal static unsafe partial class NativeEngine
{
    private const string Library = "chdb";

    /// <summary>Says which file is the library; null leaves it to the system's search.</summary>
    public static void UseLibrary(string? file) =>
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(),
            (name, _, _) => name == Library && file is not null ? NativeLibrary.Load(file) : 0);

    [LibraryImport(Library, EntryPoint = "chdb_set_signal_handlers_enabled")]
    public static partial void SetSignalHandlersEnabled(int enabled);

    [LibraryImport(Library, EntryPoint = "chdb_query_cmdline")]
    public static partial nint QueryCommandLine(int argc, byte** argv);

    [LibraryImport(Library, EntryPoint = "chdb_result_error")]
    public static partial nint ResultError(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_query_result")]
    public static partial void DestroyResult(nint result);
}
