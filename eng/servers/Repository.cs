namespace Mesh.Servers;

/// <summary>Where this checkout is and where its build puts the programs.</summary>
public static class Repository
{
    /// <summary>The root folder of the checkout that the running program was built in.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The path of a program that the build made, for instance <c>Mesh.Registry</c>.</summary>
    public static string Program(string project, string? fileName = null) =>
        Path.Combine(Root, "artifacts", "bin", project, "release", fileName ?? project);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Mesh.sln")))
                return folder.FullName;
        }

        throw new MissingPrerequisiteException("this program runs from a checkout of Mesh only; Mesh.sln is in no parent folder of it");
    }
}
