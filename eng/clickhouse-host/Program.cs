using Mesh.ClickHouseHost;

if (HostOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(HostOptions.Usage);
    return 2;
}

return Engine.Run(options);
