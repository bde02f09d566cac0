using Mesh.Builder;
using Mesh.Common.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddMeshDefaults("builder");
builder.AddBuilder();

var app = builder.Build();
app.MapMeshDefaults();
app.MapBuilder();
return app.RunMesh();
