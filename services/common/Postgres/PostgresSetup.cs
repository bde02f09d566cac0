using System.Reflection;
using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mesh.Common.Postgres;

/// <summary>Registers the database of a service that has migrations; one without has no database.</summary>
public static class PostgresSetup
{
    internal static void AddPostgres(this IServiceCollection services, MeshOptions options, Assembly assembly)
    {
        var migrations = Migration.In(assembly);
        if (migrations.Count == 0) return;
        var connectionString = options.Postgres
            ?? throw new InvalidOperationException($"{options.Service} keeps state in PostgreSQL: set MESH_POSTGRES to a connection string.");
        DapperTypes.Register();
        services.AddSingleton<SchemaReadiness>();
        services.AddSingleton(p => ApplicationSource(connectionString, options.Service, p.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<MeshDatabase>();
        services.AddSingleton<PostgresListener>();
        services.AddSingleton<IHostedService>(p => new MigrationService(
            new Migrator(connectionString, options.Service, migrations, p.GetRequiredService<ILogger<Migrator>>()),
            p.GetRequiredService<SchemaReadiness>(),
            p.GetRequiredService<ServerHealth>().Require("migrations"),
            p.GetRequiredService<IHostApplicationLifetime>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<MigrationService>>()));
    }

    /// <summary>Wakes this program's waiting parties with what is sent to the channels; the service must have a database.</summary>
    public static IServiceCollection AddPostgresSignals(this IServiceCollection services, params IReadOnlyList<string> channels)
    {
        services.AddSingleton(p => new PostgresSignals(
            p.GetRequiredService<PostgresListener>(), channels, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<PostgresSignals>>()));
        return services.AddHostedService(p => p.GetRequiredService<PostgresSignals>());
    }

    /// <summary>The pool of a service: each connection takes the service's role and sees its schema alone.</summary>
    public static NpgsqlDataSource ApplicationSource(string connectionString, string service, ILoggerFactory? loggers = null)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var connection = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Options = $"-c role={Migrator.RoleOf(service)} -c search_path={service} {given.Options}".TrimEnd(),
            ApplicationName = service,
            MaxPoolSize = given.ContainsKey("Maximum Pool Size") ? given.MaxPoolSize : 20,
            MaxAutoPrepare = 100,
            KeepAlive = 30,
            Timeout = 5,
            CommandTimeout = 30,
        };
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = service };
        if (loggers is not null) builder.UseLoggerFactory(loggers);
        return builder.Build();
    }
}
