global using Route = Mesh.Controller.V1.Route;
