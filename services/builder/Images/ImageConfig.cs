using System.Text;
using System.Text.Json.Nodes;
using Mesh.Builder.Detection;

namespace Mesh.Builder.Images;

/// <summary>The config of an app's image: the stack's, with the app's layers, environment and command.</summary>
public static class ImageConfig
{
    public static byte[] On(Stack stack, BuildPlan plan, IReadOnlyList<(string Name, Layer Layer)> layers)
    {
        var config = JsonNode.Parse(stack.Config)!.AsObject();
        var run = config["config"]!.AsObject();
        run["Env"] = Environment(run["Env"]?.AsArray(), plan.Environment);
        run["Cmd"] = Command(plan);
        var diffIds = config["rootfs"]!["diff_ids"]!.AsArray();
        var history = config["history"]?.AsArray() ?? [];
        foreach (var (name, layer) in layers)
        {
            diffIds.Add(layer.DiffId);
            history.Add(new JsonObject { ["created_by"] = $"mesh: {name}" });
        }
        config["history"] = history.DeepClone();
        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    private static JsonArray Command(BuildPlan plan)
    {
        var main = plan.Processes.FirstOrDefault(process => process.Name == "web") ?? plan.Processes[0];
        return new JsonArray([.. ShellCommand.Of(main.CommandLine).Select(word => JsonValue.Create(word))]);
    }

    private static JsonArray Environment(JsonArray? given, IReadOnlyDictionary<string, string> added)
    {
        var all = (given ?? []).Select(entry => entry!.GetValue<string>().Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        foreach (var (name, value) in added)
            all[name] = value;
        return new JsonArray([.. all.Select(pair => JsonValue.Create($"{pair.Key}={pair.Value}"))]);
    }
}
