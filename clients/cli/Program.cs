using System.CommandLine;
using Mesh.Cli.Local;

return new RootCommand("The command of Mesh") { LocalCommand.Create() }.Parse(args).Invoke();
