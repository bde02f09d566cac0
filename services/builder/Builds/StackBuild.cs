using Mesh.Builder.Detection;
using Mesh.Builder.Images;

namespace Mesh.Builder.Builds;

/// <summary>Builds an image of a stack and the app's own layers, using layers of earlier builds where their inputs are the same.</summary>
public sealed class StackBuild(StackCatalog stacks, LayerCache cache, RegistryClient registry, StepRunner steps)
{
    public async Task<Image> RunAsync(BuildJob job, CancellationToken cancellationToken)
    {
        var stack = await stacks.GetAsync(job.Plan.Stack, line => job.Log.LineAsync(line, cancellationToken), cancellationToken);
        await job.Log.LineAsync($"Stack {stack.Name} {stack.Digest[..19]}.", cancellationToken);
        var own = new List<(string Name, ImageLayer Layer)>();
        foreach (var plan in job.Plan.Layers)
            own.Add((plan.Name, await LayerAsync(job, stack, plan, cancellationToken)));

        var config = ImageConfig.On(stack, job.Plan, [.. own.Select(layer => (layer.Name, layer.Layer.Layer))]);
        return new Image(config, [.. stack.Layers.Select(layer => new ImageLayer(layer, IsOfStack: true)), .. own.Select(layer => layer.Layer)], stack);
    }

    private async Task<ImageLayer> LayerAsync(BuildJob job, Stack stack, LayerPlan plan, CancellationToken cancellationToken)
    {
        var key = await LayerKey.OfAsync(stack, plan, job.Folder.Source, cancellationToken);
        if (await cache.FindAsync(job.Build.AppName, key, cancellationToken) is { } known && await registry.HasAsync(job.Repository, known.Blob.Digest, cancellationToken))
        {
            await job.Log.LineAsync($"Layer '{plan.Name}' is unchanged.", cancellationToken);
            return new ImageLayer(known);
        }
        var folder = plan.Inputs.Count == 0 ? job.Folder.Source : CopyInputs(job, plan);
        if (plan.Steps.Count > 0)
            await steps.RunAsync(job, stack, plan, folder, cancellationToken);
        var file = job.Folder.File($"{plan.Name}.tar.gz");
        var layer = await LayerWriter.WriteAsync(Output(folder, plan), plan.Target, file, cancellationToken);
        await cache.RememberAsync(job.Build.AppName, key, layer, cancellationToken);
        await job.Log.LineAsync($"Layer '{plan.Name}' has {layer.Blob.Size:N0} bytes.", cancellationToken);
        return new ImageLayer(layer, file);
    }

    private static string CopyInputs(BuildJob job, LayerPlan plan)
    {
        var folder = job.Folder.Make($"{plan.Name}.inputs");
        foreach (var input in plan.Inputs)
        {
            var source = Path.Combine(job.Folder.Source, input);
            if (!UnixFile.IsRegular(source))
                throw new BuildFailedException("SOURCE_INVALID", $"{input} must be a file, not a link.");
            File.Copy(source, Path.Combine(folder, input));
        }
        return folder;
    }

    // A command of the build may have put a link here, to any place of ours.
    private static string Output(string folder, LayerPlan plan)
    {
        var output = new DirectoryInfo(Path.Combine(folder, plan.Output));
        if (output.LinkTarget is not null || !output.Exists)
            throw new BuildFailedException("COMMAND_FAILED", $"The commands of layer '{plan.Name}' left no folder '{plan.Output}'.");
        return output.FullName;
    }
}
