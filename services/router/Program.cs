using Mesh.Common.Hosting;
using Mesh.Router;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("router");
builder.AddRouter();

var app = builder.Build();
app.MapMeshDefaults();
return app.RunMesh();
