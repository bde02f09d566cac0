using Mesh.Builder.Sboms;

namespace Mesh.Builder.Tests.Sboms;

public sealed class ComponentsTests
{
    [Fact]
    public void Installed_Debian_packages_are_named()
    {
        const string status = """
            Package: bash
            Status: install ok installed
            Architecture: amd64
            Version: 5.2.15-2+b7
            Description: GNU Bourne Again SHell
             Bash is a shell: it reads commands.

            Package: gone
            Status: deinstall ok config-files
            Version: 1

            Package: libstdc++6
            Status: install ok installed
            Architecture: all
            Version: 1:12.2.0-14~deb12u1
            """;

        Assert.Equal(["pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64", "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14~deb12u1?arch=all"],
            DebianPackages.Parse(status).Select(component => component.Purl));
    }

    [Fact]
    public void Npm_packages_are_named_without_those_of_development()
    {
        const string text = """
            {"lockfileVersion":3,"packages":{
              "":{"name":"app"},
              "node_modules/a":{"version":"1.2.3"},
              "node_modules/a/node_modules/@s/b":{"version":"2.0.0"},
              "node_modules/Other":{"name":"@s/Real","version":"1.0.0+build"},
              "node_modules/tool":{"version":"9.0.0","dev":true},
              "node_modules/":{"version":"1.0.0"},
              "node_modules/unversioned":{"version":null},
              "node_modules/linked":{"link":true}}}
            """;

        Assert.Equal(["pkg:npm/a@1.2.3", "pkg:npm/%40s/b@2.0.0", "pkg:npm/%40s/real@1.0.0%2Bbuild"], LockFiles.Npm(text).Select(component => component.Purl));
    }

    [Fact]
    public void Pinned_Python_requirements_are_named() => Assert.Equal(
        ["pkg:pypi/flask@3.0.1", "pkg:pypi/my-lib@1.0", "pkg:pypi/zope-interface@1%211.0%2Blocal"],
        LockFiles.Python("# comment\nFlask==3.0.1 ; python_version > '3'\nrequests>=2\nMy__Lib[extra] == 1.0\nzope.interface==1!1.0+local\n").Select(component => component.Purl));

    [Fact]
    public void Packages_of_a_project_are_named() => Assert.Equal(
        ["pkg:nuget/Dapper@2.1.66", "pkg:nuget/Exact@1.0.0-rc.1%2B5"],
        LockFiles.NuGetProject("""
            <Project><ItemGroup><PackageReference Include="Dapper" Version="2.1.66" /><PackageReference Include="Central" />
            <PackageReference Include="Exact" Version="1.0.0-rc.1+5" /><PackageReference Include="Any" Version="1.*" />
            <PackageReference Include="Range" Version="[1.0,2.0)" /><PackageReference Include="Property" Version="$(X)" /></ItemGroup></Project>
            """)
            .Select(component => component.Purl));

    [Fact]
    public void Locked_packages_of_a_project_are_named() => Assert.Equal(
        ["pkg:nuget/Npgsql@10.0.0"],
        LockFiles.NuGetLock("""{"version":1,"dependencies":{"net10.0":{"Npgsql":{"type":"Direct","resolved":"10.0.0"},"Unresolved":{"resolved":null},"local":{"type":"Project"}}}}""")
            .Select(component => component.Purl));
}
