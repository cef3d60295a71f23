#!/bin/sh
SCRIPT
