"""What agents call: MCP over HTTP and over stdio, both protocol eras.

server  the tools' work, and the server of either transport
tools   names, schemas and limits of the tools
"""
